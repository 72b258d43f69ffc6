#include "datasets/features/feature_index.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Index : public ::testing::Test {
 protected:
  Index() { write_text(feats / "a.h5", "x"); }
  FeatureIndex::Match find(const std::string& name) const { return FeatureIndex(feats).find(name); }
  TempFolder folder;
  fs::path feats = folder / "feats";
};

TEST_F(Index, TakesAbsolutePathsOfListedFiles) {
  write_text(feats / "sub/b.h5", "x");
  EXPECT_THAT(find((feats / "a.h5").string()).files, ElementsAre("a.h5"));
  EXPECT_THAT(find((feats / "a").string()).files, ElementsAre("a.h5"));
  EXPECT_THAT(find((feats / "./sub/b.h5").string()).files, ElementsAre("sub/b.h5"));
}

TEST_F(Index, TakesAnAbsolutePathThroughAnotherNameOfTheFolder) {
  fs::create_directory_symlink(feats, folder / "link");
  EXPECT_THAT(find((folder / "link/a.h5").string()).files, ElementsAre("a.h5"));
  EXPECT_THAT(FeatureIndex(folder / "link").find((feats / "a.h5").string()).files, ElementsAre("a.h5"));
}

TEST_F(Index, LeavesTwoDotsToTheSystem) {
  write_text(folder / "elsewhere/deep/c.h5", "x");
  write_text(folder / "elsewhere/a.h5", "another");
  fs::create_directory_symlink(folder / "elsewhere/deep", feats / "linked");
  EXPECT_THAT(find("linked/c.h5").files, ElementsAre("linked/c.h5"));
  EXPECT_THAT(find("../feats/a.h5").files, ElementsAre("a.h5"));
  const auto match = find("linked/../a.h5");  // elsewhere/a.h5, and not feats/a.h5
  EXPECT_THAT(match.files, IsEmpty());
}

TEST_F(Index, KnowsWhatIsOutside) {
  write_text(folder / "b.h5", "x");
  for (const auto& name : {(folder / "b.h5").string(), std::string("../b.h5"), std::string("/nowhere/a.h5")}) {
    EXPECT_TRUE(find(name).outside) << name;
    EXPECT_THAT(find(name).files, IsEmpty());
  }
  EXPECT_FALSE(find((feats / "missing.h5").string()).outside);
  EXPECT_THAT(find((feats / "missing.h5").string()).files, IsEmpty());
}

TEST_F(Index, ListsWhatCannotBeReadToo) {
  fs::create_symlink("nothing", feats / "dangling.h5");
  fs::create_symlink("loop.h5", feats / "loop.h5");
  ASSERT_EQ(::mkfifo((feats / "pipe.h5").c_str(), 0600), 0);
  fs::create_symlink("loop", feats / "loop");  // no .h5: nothing to us
  const FeatureIndex index(feats);
  EXPECT_THAT(index.files(), ElementsAre("a.h5", "dangling.h5", "loop.h5", "pipe.h5"));
  EXPECT_THAT(index.unread(), IsEmpty());
}

TEST_F(Index, PassesOverNamesThatAreNotUtf8) {
  write_text(feats / "caf\xe9/b.h5", "x");
  const FeatureIndex index(feats);
  EXPECT_THAT(index.files(), ElementsAre("a.h5"));
  ASSERT_THAT(index.unread(), SizeIs(1));
  EXPECT_EQ(index.unread()[0].reason, "its name is not UTF-8");
}

TEST_F(Index, PassesOverAFolderThatCannotBeListed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may list every folder";
  write_text(feats / "closed/b.h5", "x");
  fs::permissions(feats / "closed", fs::perms::none);
  const FeatureIndex index(feats);
  ASSERT_THAT(index.unread(), SizeIs(1));
  EXPECT_EQ(index.unread()[0].path, "closed");
  EXPECT_THAT(index.find("closed/b").files, ElementsAre("closed/b.h5"));  // reading it says why not
  fs::permissions(feats / "closed", fs::perms::owner_all);
}

TEST_F(Index, CountsASlideOfTwoFilesOnce) {
  for (const char* name : {"a.pt", "b.pt", "h5_files/x.h5", "pt_files/x.pt", "pt_files/y.pt"}) {
    write_text(feats / name, "x");
  }
  EXPECT_THAT(FeatureIndex(feats).slides(), ElementsAre("a.h5", "b.pt", "h5_files/x.h5", "pt_files/y.pt"));
}

TEST_F(Index, KnowsFolders) {
  fs::create_directory(feats / "x.h5");
  EXPECT_TRUE(FeatureIndex(feats).is_folder("x"));
  EXPECT_FALSE(FeatureIndex(feats).is_folder("a"));
}

}  // namespace
}  // namespace mtlgrid::testing

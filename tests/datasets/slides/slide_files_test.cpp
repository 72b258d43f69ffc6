#include "datasets/slides/slide_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/datasets/support.h"

using namespace mtlgrid;
using namespace mtlgrid::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

namespace fs = std::filesystem;

class SlideFilesBelow : public ::testing::Test {
 protected:
  void file(const std::string& name, const std::string& text = "x") {
    fs::create_directories((folder_ / name).parent_path());
    write_text(folder_ / name, text);
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const SlideFile& slide : find_slides(folder_.path()).slides) all.push_back(slide.name);
    return all;
  }
  std::vector<std::string> problems() { return find_slides(folder_.path()).problems; }
  TempFolder folder_;
};

TEST_F(SlideFilesBelow, AreFoundInOrderWithAnyOfTheExtensions) {
  for (const char* name :
       {"b.svs", "a/2.NDPI", "a/1.tiff", "a.tif", "c.d.mrxs", "notes.txt", "svs", "x.jpg", "z.qptiff"})
    file(name, "four");
  EXPECT_THAT(names(), ElementsAre("a", "a/1", "a/2", "b", "c.d", "z"));
  const SlideFiles found = find_slides(folder_.path());
  EXPECT_EQ(found.slides[2].file, folder_ / "a/2.NDPI");
  EXPECT_EQ(found.slides[2].bytes, 4U);
  EXPECT_THAT(found.problems, IsEmpty());
}

TEST_F(SlideFilesBelow, WithoutHiddenOnesAndTheDataOfMirax) {
  for (const char* name : {".a.svs", ".cache/a.svs", "m.mrxs", "m/Data0001.dat", "m/extra.tif", "n/b.svs"}) file(name);
  EXPECT_THAT(names(), ElementsAre("m", "n/b"));
}

TEST_F(SlideFilesBelow, OfOneNameAreReported) {
  for (const char* name : {"s/a.svs", "s/a.tiff", "b.svs", "B.svs"}) file(name);
  EXPECT_THAT(names(), ElementsAre("B", "b"));
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("s/a: 2 slides of this name (a.svs, a.tiff)"))));
}

TEST_F(SlideFilesBelow, ThroughLinks) {
  file("elsewhere/a.svs");
  fs::create_directory(folder_ / "in");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "in/linked");
  EXPECT_THAT(names(), ElementsAre("elsewhere/a", "in/linked/a"));
}

TEST_F(SlideFilesBelow, LinksThatLeadNowhereOrBackAreReported) {
  fs::create_symlink(folder_ / "gone.svs", folder_ / "a.svs");
  fs::create_symlink(folder_ / "gone.txt", folder_ / "a.txt");
  fs::create_directory(folder_ / "f");
  fs::create_directory_symlink(folder_.path(), folder_ / "f/back");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("a.svs: a link that leads nowhere"),
                                      HasSubstr("back: a link to a folder above it")));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(SlideFilesBelow, FoldersThatCannotBeReadAreReported) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  file("closed/a.svs");
  file("b.svs");
  fs::permissions(folder_ / "closed", fs::perms::none);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("closed")));
  EXPECT_THAT(names(), ElementsAre("b"));
  fs::permissions(folder_ / "closed", fs::perms::owner_all);
}

TEST_F(SlideFilesBelow, WhatIsNotAFileIsReported) {
  fs::create_directory(folder_ / "folder.svs");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.svs").c_str(), 0600), 0);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("pipe.svs: has the name of a slide but is not a file")));
}

TEST_F(SlideFilesBelow, NeedAFolder) {
  file("a.svs");
  EXPECT_THAT(problems_of([&] { find_slides(folder_ / "none"); }), ElementsAre(HasSubstr("there is no such folder")));
  EXPECT_THAT(problems_of([&] { find_slides(folder_ / "a.svs"); }), ElementsAre(HasSubstr("is not a folder")));
}

}  // namespace

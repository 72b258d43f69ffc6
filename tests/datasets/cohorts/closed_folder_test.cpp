// Sub-folders of the feature files that cannot be listed.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "datasets/cohorts/load_cohort.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Root may list every folder: it becomes another user for a while.
class AsAnyUser {
 public:
  AsAnyUser() : root_(::geteuid() == 0) {
    if (root_ && ::seteuid(65534) != 0) throw std::runtime_error("seteuid");
  }
  ~AsAnyUser() {
    if (root_ && ::seteuid(0) != 0) std::abort();
  }

 private:
  bool root_;
};

// Four patients with a slide each, and a folder among the feature files that is closed while the cohort is read.
class ClosedFolder : public ::testing::Test {
 protected:
  ClosedFolder() {
    std::string clini = "PATIENT,label\n", slides = "PATIENT,FILENAME\n";
    for (int i = 0; i < 4; ++i) {
      clini += patient(i) + ",p\n";
      slides += patient(i) + "," + slide(i) + "\n";
      c.file(slide(i) + ".h5");
    }
    c.clini(clini).slides(slides);
    fs::create_directory(closed);
  }
  ~ClosedFolder() override { fs::permissions(closed, fs::perms::owner_all); }
  static std::string patient(int i) { return "P" + std::to_string(i); }
  static std::string slide(int i) { return "P" + std::to_string(i) + "-DX"; }
  void open_to_all() const {
    const fs::path top = c.files().features.parent_path();
    const auto all = fs::perms::others_exec | fs::perms::others_read | fs::perms::group_exec | fs::perms::group_read;
    fs::permissions(top, all, fs::perm_options::add);
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      if (!entry.is_symlink()) fs::permissions(entry.path(), all, fs::perm_options::add);
    }
  }
  void move_there(int i) { fs::rename(c.feats(slide(i) + ".h5"), closed / (slide(i) + ".h5")); }
  // What loading the cohort as a user who may not list the folder ends with.
  std::string error(const std::vector<CohortUse>& uses = {}) {
    fs::permissions(closed, fs::perms::owner_all);
    open_to_all();
    fs::permissions(closed, mode);
    if (!place.empty()) fs::permissions(place, fs::perms::none);
    const AsAnyUser user;
    FingerprintMemory memory;
    warnings.clear();
    Problems problems;
    try {
      warnings = load_cohort(c.files(), memory, problems, uses).warnings;
      problems.throw_if_any();
    } catch (const Error& e) {
      return (e.kind() == ErrorKind::needs_person ? "status 5: " : "status 2: ") + std::string(e.what());
    }
    return "";
  }
  CohortOnDisk c;
  fs::path closed = c.feats("other"), place{};
  fs::perms mode = fs::perms::none;
  std::vector<std::string> warnings;
};

TEST_F(ClosedFolder, WithoutUsedSlidesIsAWarning) {
  EXPECT_EQ(error(), "");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("not looked into: Permission denied (other)")));
}

TEST_F(ClosedFolder, ThatMayHaveUsedSlidesRefusesTheCohort) {
  move_there(0);
  EXPECT_THAT(error(),
              AllOf(HasSubstr("status 5: "), HasSubstr("not looked into: Permission denied (other); 1 FILENAME"),
                    HasSubstr("('" + slide(0) + "')"), HasSubstr("chmod u+rx")));
}

TEST_F(ClosedFolder, WithEverySlideRefusesTheCohort) {
  for (int i = 0; i < 4; ++i) move_there(i);
  EXPECT_THAT(error(), HasSubstr("status 5: "));
  c.file("another.h5");
  EXPECT_THAT(error(), AllOf(HasSubstr("status 5: "), HasSubstr("4 FILENAMEs")));
}

TEST_F(ClosedFolder, IsSearchedWhereThatIsAllowed) {
  move_there(0);
  mode = fs::perms::others_exec | fs::perms::group_exec | fs::perms::owner_exec;
  EXPECT_EQ(error(), "");
}

TEST_F(ClosedFolder, WithSlidesOfUnusedPatientsIsAWarning) {
  move_there(0);
  std::string clini = "PATIENT,label\n" + patient(0) + ",\n";
  for (int i = 1; i < 4; ++i) clini += patient(i) + ",p\n";
  c.clini(clini);
  EXPECT_EQ(error({{"label", {}, "x", true}}), "");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("1 FILENAME of the slide table were not found elsewhere")));
}

TEST_F(ClosedFolder, BehindALinkIsOneToo) {
  fs::create_directories(closed / "deep");
  fs::rename(c.feats(slide(0) + ".h5"), closed / "deep" / (slide(0) + ".h5"));
  place = c.files().features.parent_path() / "place";
  fs::rename(closed, place);
  fs::create_directory(closed);
  fs::create_directory_symlink(place / "deep", c.feats("link"));
  EXPECT_THAT(error(), AllOf(HasSubstr("status 5: "), HasSubstr("link, other")));
  fs::permissions(place, fs::perms::owner_all);
}

TEST_F(ClosedFolder, OfTheFileSystemIsNone) {
  fs::rename(closed, c.feats("lost+found"));
  closed = c.feats("lost+found");
  fs::remove(c.feats(slide(0) + ".h5"));
  EXPECT_EQ(error(), "");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("Permission denied (lost+found)")));
}

}  // namespace
}  // namespace mtlgrid::testing

#include "datasets/cohorts/same_features.h"

#include <filesystem>

#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The warnings on a cohort of patients, each with one file of these contents.
std::vector<std::string> warnings_on(const std::vector<std::string>& contents) {
  Cohort cohort;
  cohort.files.features = "/x";
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const std::string name = "P" + std::to_string(i);
    cohort.patients.push_back({name, {{"/x/" + name + "_1.h5", 2, contents[i]}}});
  }
  warn_of_same_features(cohort);
  return cohort.warnings;
}

TEST(SameFeatures, AreGroupsInTheOrderOfTheirFiles) {
  EXPECT_THAT(same_features({"b", "a", "", "a", "c", "", "b", "a"}),
              ElementsAre(ElementsAre(0u, 6u), ElementsAre(1u, 3u, 7u)));
  EXPECT_THAT(same_features({"a", "b"}), IsEmpty());
}

TEST(SameFeatures, AreOneLineWithExamples) {
  EXPECT_THAT(warnings_on({"a", "b", "c"}), IsEmpty());
  EXPECT_THAT(
      warnings_on({"a", "b", "a"}),
      ElementsAre(HasSubstr("/x: 2 of 3 files, in 1 group, have the same features as another file ('P0_1.h5' of "
                            "'P0' and 'P2_1.h5' of 'P2'): some are copies")));
  EXPECT_THAT(warnings_on({"a", "a", "a", "b", "b", "c", "c", "d", "d"}),
              ElementsAre(AllOf(HasSubstr("9 of 9 files, in 4 groups,"), HasSubstr("'P1_1.h5' of 'P1' and more; "),
                                HasSubstr("'P6_1.h5' of 'P6'; ...)"))));
}

TEST(SameFeatures, OfOneFileByLinksAreNotTheSubject) {
  CohortOnDisk c;
  c.clini("PATIENT,label\nA,p\nB,p\n").slides("PATIENT,FILENAME\nA,a\nB,b\n").file("a.h5");
  std::filesystem::create_symlink("a.h5", c.feats("b.h5"));
  Cohort cohort = c.load();
  cohort.warnings.clear();
  warn_of_same_features(cohort);
  EXPECT_THAT(cohort.warnings, IsEmpty());
  std::filesystem::remove(c.feats("b.h5"));
  std::filesystem::copy(c.feats("a.h5"), c.feats("b.h5"));
  cohort = c.load();
  warn_of_same_features(cohort);
  EXPECT_THAT(cohort.warnings, ElementsAre(HasSubstr("'a.h5' of 'A' and 'b.h5' of 'B'")));
}

}  // namespace
}  // namespace mtlgrid::testing

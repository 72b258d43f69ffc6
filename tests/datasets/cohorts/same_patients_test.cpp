#include "datasets/cohorts/same_patients.h"

#include <filesystem>

#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Patients with a slide each; a slide's features follow from `content`.
class Cohorts : public ::testing::Test {
 protected:
  struct Person {
    std::string name, file;
    std::uint16_t content;
  };
  static Cohort cohort(const std::string& name, const std::vector<Person>& people) {
    Cohort cohort;
    cohort.files.name = name;
    for (const Person& p : people) {
      cohort.patients.push_back({p.name, {{"/x/" + p.file + ".h5", 2, "hash" + std::to_string(p.content)}}});
    }
    return cohort;
  }
  static std::vector<std::string> warnings(const std::vector<Person>& training, const std::vector<Person>& external) {
    return warn_of_same_patients(cohort("A", training), cohort("B", external));
  }
};

TEST_F(Cohorts, OfOtherPatientsGiveNoWarning) {
  EXPECT_THAT(
      warnings({{"TCGA-AA-1000", "a", 1}, {"TCGA-AA-1001", "b", 2}}, {{"C3N-00001", "c", 3}, {"C3N-1", "d", 1}}),
      IsEmpty());
}

TEST_F(Cohorts, SpelledDifferentlyAreNamedWithTheDifference) {
  EXPECT_THAT(warnings({{"TCGA-AA-1000", "a", 1}, {"TCGA-AA-1001", "b", 2}}, {{"tcga-aa-1000", "c", 3}}),
              ElementsAre(AllOf(HasSubstr("1 patient of cohort 'B' may be of training cohort 'A' under another name: 1 "
                                          "agree but for upper and lower case ('tcga-aa-1000' and 'TCGA-AA-1000')"),
                                HasSubstr("remove them"), Not(HasSubstr("same features")))));
  EXPECT_THAT(warnings({{"TCGA-AA-1000", "a", 1}}, {{"TCGA-AA-1000-01", "c", 3}}),
              ElementsAre(HasSubstr("what follows the patient in a TCGA barcode")));
  EXPECT_THAT(warnings({{"P007", "a", 1}}, {{"P7", "c", 3}}), ElementsAre(HasSubstr("zeros in front of numbers")));
  EXPECT_THAT(warnings({{"P1", "a", 1}}, {{"P1 ", "c", 3}}), ElementsAre(HasSubstr("blanks at their ends")));
}

TEST_F(Cohorts, WithTheSameFeaturesSayHowMany) {
  EXPECT_THAT(warnings({{"P-A", "a", 1}, {"P-B", "b", 2}}, {{"p-a", "x", 1}, {"p-b", "y", 9}}),
              ElementsAre(AllOf(HasSubstr("2 patients of cohort 'B'"),
                                HasSubstr(", and 1 of these have the same features there; results on patients"))));
}

TEST_F(Cohorts, ThatBeginAlikeAreNamedFromThreeOn) {
  const std::vector<Person> training = {{"A-1", "a", 1}, {"A-2", "b", 2}, {"A-3", "c", 3}};
  EXPECT_THAT(warnings(training, {{"A-1-s1", "x", 7}, {"A-2-s1", "y", 8}}), IsEmpty());
  EXPECT_THAT(warnings(training, {{"A-1-s1", "x", 7}, {"A-2-s1", "y", 8}, {"A-3-s1", "z", 9}}),
              ElementsAre(HasSubstr("3 begin alike ('A-1-s1' and 'A-1')")));
}

TEST_F(Cohorts, WithOtherNamesAndTheSameSlidesAreNamed) {
  EXPECT_THAT(warnings({{"P1", "s1", 1}, {"P2", "s2", 2}}, {{"X9", "s1", 1}, {"X8", "s2", 3}, {"X7", "s3", 2}}),
              ElementsAre("cohort 'B': patients with slides (file names and features) of training cohort 'A' ('X9' has "
                          "'s1' of 'P1'); results on patients of the training say nothing, remove them from one of the "
                          "tables"));
}

TEST_F(Cohorts, WithTheSameNamesAreNotTheSubject) {  // check_disjoint() refuses them
  EXPECT_THAT(warnings({{"P1", "s1", 1}}, {{"P1", "s1", 1}}), IsEmpty());
}

TEST(OneFile, OfTwoPatientsIsAWarning) {
  CohortOnDisk c;
  c.clini("PATIENT,label\nA,p\nB,p\nC,p\n").slides("PATIENT,FILENAME\nA,a\nB,b\nC,c\nC,c2\n").file("a.h5").file("c.h5");
  fs::create_symlink("a.h5", c.feats("b.h5"));
  fs::create_hard_link(c.feats("c.h5"), c.feats("c2.h5"));
  const Cohort cohort = c.load();
  EXPECT_THAT(cohort.warnings,
              ElementsAre(HasSubstr("slides of two patients are one file ('b.h5' of 'B' is 'a.h5' of 'A')"),
                          HasSubstr("two slides of a patient are one file ('c2.h5' of 'C' is 'c.h5' of 'C')")));
  EXPECT_EQ(cohort.patients.size(), 3u);
}

}  // namespace
}  // namespace mtlgrid::testing

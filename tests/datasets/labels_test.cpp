#include "datasets/labels.h"

#include <cmath>

#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A joined cohort of patients A, B, C, ... as its clinical table's text says.
class LabelRows : public ::testing::Test {
 protected:
  LabelRows& table(const std::string& rows) {
    c.clini("PATIENT,label,x\n" + rows);
    std::string slides = "PATIENT,FILENAME\n";
    for (const std::string name : {"A", "B", "C", "D", "E"}) {
      slides += name + "," + name + "\n";
      c.file(name + ".h5");
    }
    c.slides(slides);
    return *this;
  }
  LabelledRows read(bool target_required = true, const std::string& auxiliary = "x") {
    const Cohort cohort = c.load();
    problems = Problems();
    return label_rows(cohort, rule, auxiliary, target_required, problems);
  }
  std::string row(int number) const { return c.files().clini.string() + ", row " + std::to_string(number) + ": "; }

  CohortOnDisk c;
  LabelRule rule{"label", {"MSIH"}, {}, {}};
  Problems problems;
};

TEST_F(LabelRows, PositiveIsOneAndRowsAreSortedByPatient) {
  table("C,MSS,3\nA,MSIH,1.5\nB,MSS, 2e0\n");
  const LabelledRows rows = read();
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(rows.patient, ElementsAre(0, 1, 2));
  EXPECT_THAT(rows.label, ElementsAre(1, 0, 0));
  EXPECT_THAT(rows.target, ElementsAre(1.5, 2, 3));
  EXPECT_THAT(rows.drops, IsEmpty());
}

TEST_F(LabelRows, TrainingDropsWhoLacksEitherLabelAndIgnoredLabels) {
  rule.ignore = {"MSI-L", "unclear"};
  table("A,MSIH,1\nB,NA,2\nC,MSS,\nD,MSI-L,text\nE,MSS,5\n");
  const LabelledRows rows = read();
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(rows.patient, ElementsAre(0, 4));
  EXPECT_THAT(drops_of(rows.drops),
              ElementsAre("B/: no label in 'label'", "C/: no value in 'x'", "D/: ignored label 'MSI-L'"));
}

TEST_F(LabelRows, ExternalCohortsKeepPatientsWithoutTheTarget) {
  table("A,MSIH,1\nB,MSS,\nC,,3\n");
  const LabelledRows rows = read(false);
  EXPECT_THAT(rows.patient, ElementsAre(0, 1));
  EXPECT_EQ(rows.target[0], 1);
  EXPECT_TRUE(std::isnan(rows.target[1]));
}

TEST_F(LabelRows, ExternalCohortsMayLackTheTargetsColumn) {
  table("A,MSIH,1\nB,MSS,2\n");
  const LabelledRows rows = read(false, "none");
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_TRUE(std::isnan(rows.target.at(0)) && std::isnan(rows.target.at(1)));
}

TEST_F(LabelRows, EveryMissingColumnIsNamed) {
  table("A,MSIH,1\nB,MSS,2\n");
  rule.column = "isMSIH";
  read(true, "ITH");
  EXPECT_THAT(problems.lines(),
              ElementsAre(HasSubstr(row(1) + "no column 'isMSIH'"), HasSubstr(row(1) + "no column 'ITH'")));
}

TEST_F(LabelRows, AThirdValueIsNamedWithItsRow) {
  table("A,MSI?,1\nB,MSS,2\nC,MSS,3\nD,MSIH,4\nE, MSS,5\n");
  read();
  EXPECT_THAT(problems.lines(), ElementsAre(row(2) + "label 'MSI?' in column 'label' is neither 'MSIH' nor 'MSS'",
                                            row(6) + "label ' MSS' in column 'label' is neither 'MSIH' nor 'MSS'"));
}

TEST_F(LabelRows, ANamedNegativeValueIsTheOnlyOne) {
  table("A,MSIH,1\nB,MSS,2\nC,MSS,3\n");
  rule.negative = {"nonMSIH"};
  read();
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr(row(3) + "label 'MSS'"), HasSubstr(row(4))));
}

TEST_F(LabelRows, TextThatIsNoNumberIsNamedInTrainingAndExternalCohorts) {
  table("A,MSIH,high\nB,MSS,inf\nC,MSS,\"1,5\"\nD,MSIH,4\n");
  for (const bool required : {true, false}) {
    read(required);
    EXPECT_THAT(problems.lines(), ElementsAre(row(2) + "'high' in column 'x' is not a finite number",
                                              row(3) + "'inf' in column 'x' is not a finite number",
                                              row(4) + "'1,5' in column 'x' is not a finite number"));
  }
}

TEST_F(LabelRows, IdenticalRowsOfAPatientCollapse) {
  table("A,MSIH,1\nB,MSS,2\nA,MSIH,1\n");
  EXPECT_THAT(read().patient, ElementsAre(0, 1));
  EXPECT_THAT(problems.lines(), IsEmpty());
}

TEST_F(LabelRows, ConflictingRowsOfAPatientAreNamedInUsedColumnsAlone) {
  c.clini("PATIENT,label,x,unused\nA,MSIH,1,5\nB,MSS,2,5\nA,MSS,1,6\nB,MSS,,7\n")
      .slides("PATIENT,FILENAME\nA,a\nB,b\n");
  c.file("a.h5").file("b.h5");
  read();
  EXPECT_THAT(problems.lines(),
              ElementsAre(row(4) + "patient 'A' has 'MSS' in column 'label', expected 'MSIH' as in row 2",
                          row(5) + "patient 'B' has no value in column 'x', expected '2' as in row 3"));
  read(true, "unused");
  EXPECT_THAT(problems.lines(), ::testing::SizeIs(3));
}

TEST_F(LabelRows, ATrainingCohortOfOneClassIsAProblem) {
  table("A,MSS,1\nB,MSS,2\n");
  read();
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("all 2 patients with 'label' and 'x' are negative")));
  read(false);
  EXPECT_THAT(problems.lines(), IsEmpty());
}

TEST_F(LabelRows, NoPatientLeftIsAProblem) {
  table("A,,1\nB,NA,2\n");
  read(false);
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("no patient with features has a value in 'label'")));
}

TEST_F(LabelRows, EarlierProblemsOfOtherCohortsHideNothing) {
  table("A,MSS,1\nB,MSS,2\n");
  const Cohort cohort = c.load();
  problems.add("something else");
  label_rows(cohort, rule, "x", true, problems);
  EXPECT_THAT(problems.lines(), ::testing::SizeIs(2));
}

// Cohorts as far as comparing them goes.
Cohort cohort_of(const std::string& name, const std::vector<std::string>& patients) {
  Cohort cohort;
  cohort.files.name = name;
  cohort.files.features = name + "/feats";
  cohort.clini.path = name + "/clini.csv";
  for (std::size_t i = 0; i < patients.size(); ++i) {
    cohort.clini.rows.push_back({i + 2, {patients[i]}});
    cohort.patients.push_back({patients[i], {}, i});
  }
  return cohort;
}

TEST(CheckDisjoint, EveryPatientInBothCohortsIsNamed) {
  Problems problems;
  check_disjoint(cohort_of("T", {"A", "B", "D", "F"}), cohort_of("E", {"B", "C", "D", "G"}), problems);
  EXPECT_THAT(
      problems.lines(),
      ElementsAre("E/clini.csv, row 2: patient 'B' of cohort 'E' is also in training cohort 'T' (T/clini.csv, row "
                  "3), expected different patients",
                  HasSubstr("E/clini.csv, row 4: patient 'D'")));
}

TEST(CheckDisjoint, DisjointCohortsPass) {
  Problems problems;
  check_disjoint(cohort_of("T", {"A", "C"}), cohort_of("E", {"B"}), problems);
  check_disjoint(cohort_of("T", {}), cohort_of("E", {"B"}), problems);
  EXPECT_TRUE(problems.empty());
}

TEST(CheckSameFeatures, WidthAndExtractorMustAgree) {
  Cohort training = cohort_of("T", {}), external = cohort_of("E", {});
  training.width = 768;
  external.width = 1024;
  external.extractor = "uni";
  Problems problems;
  check_same_features(training, external, problems);
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("E/feats: 1024 features a tile, expected 768"),
                                            HasSubstr("E/feats: features of extractor 'uni', expected ''")));
  Problems none;
  check_same_features(training, training, none);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace mtlgrid::testing

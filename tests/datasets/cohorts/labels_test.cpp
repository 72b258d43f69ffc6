#include "datasets/cohorts/labels.h"

#include <cmath>

#include "datasets/cohorts/classes.h"
#include "datasets/cohorts/repeated_rows.h"
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
    const LabelRule known = find_classes(rule, cohort, "training cohort C", problems);
    return label_rows(cohort, known, auxiliary, target_required, problems);
  }
  LabelRule& of_another_cohort() {
    rule.negative = {"MSS"};
    rule.negative_from = "training cohort T";
    return rule;
  }
  std::string row(int number) const { return c.files().clini.string() + ", row " + std::to_string(number) + ": "; }
  std::string column(const std::string& name) const { return c.files().clini.string() + ", column '" + name + "': "; }

  CohortOnDisk c;
  LabelRule rule{"label", {"MSIH"}, {}, {}, "", "[biomarker.MSI]"};
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

TEST_F(LabelRows, ValuesOfNoClassAreOneLineACause) {
  of_another_cohort();
  table("A,MSI?,1\nB,MSS,2\nC, MSS,3\nD,MSIH,4\nE,MSI?,5\n");
  read(false);
  EXPECT_THAT(
      problems.lines(),
      ElementsAre(column("label") + "' MSS' (row 4) is neither MSIH (positive) nor MSS (negative, from training cohort "
                                    "T); differs from 'MSS' only in blanks: write negative = MSS, \" MSS\" in "
                                    "[biomarker.MSI]",
                  column("label") + "'MSI?' (2 patients, rows 2, 6) is neither MSIH (positive) nor MSS (negative, from "
                                    "training cohort T); write in [biomarker.MSI] what it is: positive = MSIH, MSI?, "
                                    "negative = MSS, MSI?, or ignore = MSI? to leave these patients out"));
}

TEST_F(LabelRows, ANamedNegativeValueIsTheOnlyOne) {
  table("A,MSIH,1\nB,MSS,2\nC,MSS,3\n");
  rule.negative = {"nonMSIH"};
  read();
  EXPECT_THAT(
      problems.lines(),
      ElementsAre(HasSubstr("'MSS' (2 patients, rows 3, 4) is neither MSIH (positive) nor nonMSIH (negative); ")));
}

TEST_F(LabelRows, TextThatIsNoNumberIsOneLineACauseInTrainingAndExternalCohorts) {
  of_another_cohort();
  table("A,MSIH,[Not Available]\nB,MSS,inf\nC,MSS,\"1,5\"\nD,MSIH,'--\nE,MSS,[Not Available]\n");
  for (const bool required : {true, false}) {
    read(required);
    EXPECT_THAT(
        problems.lines(),
        ElementsAre(column("x") + "1 cell has a decimal comma: '1,5' (row 4); write decimal points",
                    column("x") + "1 cell is not finite: 'inf' (row 3); write a finite number, or leave these patients "
                                  "out: add inf to missing in [cohort.C]"));
  }
}

// check_missing_cells() speaks of them, for all columns at once.
TEST_F(LabelRows, CellsThatLookMissingMakeTheRowsNotWhole) {
  of_another_cohort();
  table("A,MSIH,[Not Available]\nB,MSS,Not evaluable\n");
  EXPECT_FALSE(read().whole);
  EXPECT_THAT(problems.lines(), IsEmpty());
}

// A positive value that nobody has is one mistake and one line.
TEST_F(LabelRows, WithoutKnownClassesAreNotCalledAllNegative) {
  rule.positive = {"1"};
  table("A,1.0,1\nB,0.0,2\nC,0.0,3\n");
  read();
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("no patient of training cohort C is 1 (positive)")));
}

TEST_F(LabelRows, IdenticalRowsOfAPatientCollapse) {
  table("A,MSIH,1\nB,MSS,2\nA,MSIH,1\n");
  EXPECT_THAT(read().patient, ElementsAre(0, 1));
  check_repeated_rows(c.load(), {"label", "x"}, problems);
  EXPECT_THAT(problems.lines(), IsEmpty());
}

TEST_F(LabelRows, ConflictingRowsOfPatientsAreOneLineOfTheUsedColumns) {
  c.clini("PATIENT,label,x,unused\nA,MSIH,1,5\nB,MSS,2,5\nA,MSS,1,6\nB,MSS,,7\nA,MSS,3,8\n")
      .slides("PATIENT,FILENAME\nA,a\nB,b\n");
  c.file("a.h5").file("b.h5");
  check_repeated_rows(c.load(), {"label", "x", "absent"}, problems);
  EXPECT_THAT(problems.lines(),
              ElementsAre(c.files().clini.string() +
                          ": 2 patients have rows that differ in 'label', 'x': 'A' ('MSIH' in row 2, 'MSS' in row 4), "
                          "'B' ('2' in row 3, no value in row 5); leave one row for each patient, or make them agree"));
}

TEST_F(LabelRows, ATrainingCohortOfOneClassIsAProblem) {
  of_another_cohort();
  table("A,MSS,1\nB,MSS,2\n");
  read();
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("all 2 patients with 'label' and 'x' are negative")));
  read(false);
  EXPECT_THAT(problems.lines(), IsEmpty());
}

TEST_F(LabelRows, NoPatientLeftIsAProblem) {
  of_another_cohort();
  table("A,,1\nB,NA,2\n");
  read(false);
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("no patient with features has a value in 'label'")));
}

TEST_F(LabelRows, EarlierProblemsOfOtherCohortsHideNothing) {
  of_another_cohort();
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

TEST(CheckDisjoint, PatientsInBothCohortsAreOneLineWithExamples) {
  Problems problems;
  check_disjoint(cohort_of("T", {"A", "B", "D", "F"}), cohort_of("E", {"B", "C", "D", "G"}), problems);
  EXPECT_THAT(
      problems.lines(),
      ElementsAre("E/clini.csv: 2 patients of cohort 'E' are also in training cohort 'T' (T/clini.csv): 'B' (row "
                  "2, there row 3), 'D' (row 4, there row 4); results on patients of the training say nothing, "
                  "remove them from one of the tables"));
  Problems many;
  check_disjoint(cohort_of("T", {"A", "B", "C", "D"}), cohort_of("E", {"A", "B", "C", "D"}), many);
  EXPECT_THAT(many.lines(), ElementsAre(HasSubstr("'C' (row 4, there row 4), ...; ")));
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
  EXPECT_THAT(problems.lines(),
              ElementsAre(HasSubstr("E/feats: 1024 features a tile, expected 768"),
                          HasSubstr("T/feats: no file says which extractor wrote it, expected 'uni'")));
  Problems none;
  check_same_features(training, training, none);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace mtlgrid::testing

// Columns and tables of whole cohorts: other patient columns, spellings of missing values, dialects.
#include "datasets/cohorts/join_columns.h"

#include "datasets/cohorts/labels.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Patients A and B with a slide each; the tables' patient columns have two names.
class TwoNames : public ::testing::Test {
 protected:
  TwoNames() {
    c.clini("PATIENT,sex,label,x\nA,f,p,1\nB,m,n,2\n")
        .slides("n,case_id,FILENAME\n1,A,a\n2,B,b\n")
        .file("a.h5")
        .file("b.h5");
  }
  std::string clini() const { return c.files().clini.string(); }
  std::string slides() const { return c.files().slides.string(); }
  CohortOnDisk c;
};

TEST_F(TwoNames, ThatOfTheSlideTableCanBeGiven) {
  c.files().slide_patient_column = "case_id";
  EXPECT_THAT(names_of(c.load()), ElementsAre("A", "B"));
  c.files().clini.clear();
  EXPECT_THAT(names_of(c.load()), ElementsAre("A", "B")) << "without a clinical table, as for predictions";
}

TEST_F(TwoNames, ThatOfTheSlideTableIsProposedByItsValues) {
  EXPECT_THAT(c.problems(), ElementsAre(EndsWith("its column 'case_id' has 2 of the 2 values of 'PATIENT' in " +
                                                 clini() + ": write slide_patient_column = case_id")));
}

TEST_F(TwoNames, ThatOfTheClinicalTableIsProposedByItsValues) {
  c.clini("case, old,label\nA,p\n").slides("PATIENT,FILENAME\nA,a\n");
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("fewer cells")));
  c.clini("\"case, old\",label\nA,p\nB,n\n").slides("PATIENT,FILENAME\nA,a\nB,b\n");
  EXPECT_THAT(c.problems(),
              ElementsAre(EndsWith("its column 'case, old' has 2 of the 2 values of 'PATIENT' in " + slides() +
                                   ": write patient_column = \"case, old\" and "
                                   "slide_patient_column = PATIENT")));
}

TEST_F(TwoNames, OneWithoutANameIsProposedByItsValues) {
  c.clini("\"\",label,x\nA,p,1\nB,n,2\n").slides("PATIENT,FILENAME\nA,a\nB,b\n");
  EXPECT_THAT(
      c.problems(),
      ElementsAre(EndsWith("its column 1, which has no name, has 2 of the 2 values of 'PATIENT' in " + slides() +
                           ": write patient_column = \"Unnamed: 0\" and slide_patient_column = PATIENT")));
  c.files().patient_column = "Unnamed: 0";
  c.files().slide_patient_column = "PATIENT";
  EXPECT_THAT(names_of(c.load()), ElementsAre("A", "B"));
  c.clini("label,x\nA,p,1\nB,n,2\n");
  EXPECT_THAT(names_of(c.load()), ElementsAre("A", "B")) << "row names of R";
  c.clini("\"\",case,label\nA,A,p\nB,B,n\n");
  c.files().patient_column = "PATIENT";
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("write patient_column = case"))) << "a named one is as good";
}

TEST_F(TwoNames, ATitleComesBeforeOtherColumns) {
  c.clini("Table 1,,\nPATIENT,label,x\nA,p,1\nB,n,2\n").slides("PATIENT,FILENAME\nA,a\nB,b\n");
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("; row 2 has it and looks like the header")));
}

TEST_F(TwoNames, BothAreProposedWhereNeitherIsKnown) {
  c.clini("sex,case_id,label\nf,A,p\nf,B,n\nf,C,n\n").slides("case_id,sex,FILENAME\nA,f,a\nB,f,b\n");
  EXPECT_THAT(
      c.problems(),
      ElementsAre(EndsWith("'case_id' has 2 values of the slide table's 'case_id': write patient_column = case_id"),
                  HasSubstr("no column 'PATIENT', found 'case_id', 'sex', 'FILENAME'")));
}

TEST_F(TwoNames, NothingIsProposedWithoutCommonValues) {
  c.slides("case_id,FILENAME\nX,a\nY,b\n");
  EXPECT_THAT(c.problems(), ElementsAre(slides() + ", row 1: no column 'PATIENT', found 'case_id', 'FILENAME'"));
}

TEST_F(TwoNames, FurtherMissingValuesHoldForBothTables) {
  c.clini("PATIENT,label,x\nA,p,1\nB,n,'--\n'--,n,3\n").slides("PATIENT,FILENAME\nA,a\nB,b\nB,'--\n");
  c.files().missing = {"'--"};
  const Cohort cohort = c.load();
  Problems problems;
  const LabelledRows rows = label_rows(cohort, {"label", {"p"}, {}, {}}, "x", false, problems);
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(rows.target, ElementsAre(1, ::testing::IsNan()));
  EXPECT_THAT(drops_of(cohort.drops), ElementsAre("/: row 4 of the clinical table names no patient",
                                                  "B/: row 4 of the slide table names no file"));
}

TEST_F(TwoNames, DecimalCommasBecomeTargets) {
  c.clini("PATIENT;label;x\nA;p;0,25\nB;n;1,5\n").slides("#notes\nPATIENT\tFILENAME\nA\ta\nB\tb\n");
  const Cohort cohort = c.load();
  Problems problems;
  EXPECT_THAT(label_rows(cohort, {"label", {"p"}, {}, {}}, "x", true, problems).target, ElementsAre(0.25, 1.5));
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(cohort.clini.inferences, SizeIs(2));
  EXPECT_THAT(cohort.inferences, Contains(AllOf(StartsWith("slide.csv: "), HasSubstr("row 1, beginning with '#'"))));
  EXPECT_THAT(cohort.inferences, Contains(AllOf(StartsWith("slide.csv: "), HasSubstr("tabs"))));
}

TEST_F(TwoNames, NumbersThatCanBeReadInTwoWaysAreOneLine) {
  c.clini("PATIENT;label;x\nA;p;0,25\nB;n;1.5\n").slides("PATIENT,FILENAME\nA,a\nB,b\n");
  Problems problems;
  label_rows(c.load(), {"label", {"p"}, {}, {}}, "x", true, problems);
  EXPECT_THAT(problems.lines(),
              ElementsAre(HasSubstr("column 'x' has decimal commas ('0,25' in row 2) and decimal points")));
}

TEST_F(TwoNames, UsedColumnsMustNotOccurTwice) {
  c.clini("PATIENT,label,x,x,n,n\nA,p,1,2,0,0\nB,n,3,4,0,0\n").slides("PATIENT,FILENAME\nA,a\nB,b\n");
  const Cohort cohort = c.load();
  Problems problems;
  label_rows(cohort, {"label", {"p"}, {}, {}}, "x", true, problems);
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("2 columns are called 'x'")));
  problems = Problems();
  EXPECT_THAT(label_rows(cohort, {"label", {"p"}, {}, {}}, "x.1", true, problems).target, ElementsAre(2, 4));
  EXPECT_THAT(problems.lines(), IsEmpty());
}

}  // namespace
}  // namespace mtlgrid::testing

#include "datasets/tables/columns.h"

#include "datasets/tables/csv.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> problems_of_columns(const std::vector<std::string>& columns, const std::string& name) {
  Table table;
  table.path = "t.csv";
  table.columns = columns;
  Problems problems;
  needed_column(table, name, problems);
  return problems.lines();
}

TEST(Columns, OneThatIsThereIsFound) { EXPECT_THAT(problems_of_columns({"a", "b"}, "b"), IsEmpty()); }

TEST(Columns, DifferencesThatNobodySeesAreNamedWithWhatToWrite) {
  const struct {
    const char *column, *asked, *difference;
  } cases[] = {
      {"CIN ", "CIN", "'CIN ' differs in blanks alone: write \"CIN \" in the configuration, with the quotes"},
      {"Leukocyte\u00A0Fraction", "Leukocyte Fraction",
       "'Leukocyte\u00A0Fraction' differs in blanks alone: write Leukocyte\u00A0Fraction"},
      {"LF", "lf", "'LF' differs in letter case alone: write LF"},
      {"LF", "\"LF\"", "'LF' differs in quotes alone: write LF"},
      {"\"LF\"", "LF", "'\"LF\"' differs in quotes alone: write \"\"\"LF\"\"\" in the configuration, with the quotes"},
      {" LF", "lf",
       "' LF' differs in blanks and letter case alone: write \" LF\" in the configuration, with the quotes"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(problems_of_columns({"PATIENT", c.column}, c.asked),
                ElementsAre(EndsWith(std::string("; ") + c.difference)));
  }
}

TEST(Columns, NamesThatTheSyntaxCutsAreNamedWithTheirQuotes) {
  for (const char* asked : {"ICD-O-3", "Site Code"}) {
    EXPECT_THAT(problems_of_columns({"PATIENT", "ICD-O-3, Site Code"}, asked),
                ElementsAre(EndsWith("; was 'ICD-O-3, Site Code' meant? Write \"ICD-O-3, Site Code\" in the "
                                     "configuration, with the quotes")));
  }
  EXPECT_THAT(problems_of_columns({"PATIENT", "Segments #"}, "Segments"),
              ElementsAre(HasSubstr("Write \"Segments #\"")));
}

TEST(Columns, TheNearestIsNamedIfItIsNear) {
  EXPECT_THAT(
      problems_of_columns({"PATIENT", "Leukocyte_Fraction"}, "Leukocyte Fraction"),
      ElementsAre("t.csv, row 1: no column 'Leukocyte Fraction', found 'PATIENT', 'Leukocyte_Fraction'; did you "
                  "mean 'Leukocyte_Fraction'?"));
  EXPECT_THAT(problems_of_columns({"PATIENT", "x"}, "LISS"),
              ElementsAre("t.csv, row 1: no column 'LISS', found 'PATIENT', 'x'"));
}

TEST(Columns, NamesThatCannotBeSeenAreShownAndWrittenAsTheyCanBe) {
  EXPECT_THAT(problems_of_columns({"PATIENT", "Leukocyte\nFraction"}, "leukocyte fraction"),
              ElementsAre("t.csv, row 1: no column 'leukocyte fraction', found 'PATIENT', 'Leukocyte\\nFraction'; "
                          "'Leukocyte\\nFraction' differs in blanks and letter case alone: write Leukocyte Fraction"));
  EXPECT_THAT(problems_of_columns({"\u200BPATIENT", "x"}, "patient"),
              ElementsAre(HasSubstr("'\\u200bPATIENT' differs in blanks and letter case alone: write PATIENT")));
}

// The problems of a table of these rows without the column PATIENT.
std::vector<std::string> problems_of_table(const std::string& text) {
  const Table table = parse_csv(text, "t.csv", {{}, "PATIENT"});
  Problems problems;
  needed_column(table, "PATIENT", problems);
  return problems.lines();
}

TEST(Columns, OneWithoutANameIsNamedByItsPosition) {
  EXPECT_THAT(problems_of_table("label,,x\np,A,1\n"),
              ElementsAre("t.csv, row 1: no column 'PATIENT', found 'label', 'x'; column 2 has no name: write one into "
                          "the header, or \"Unnamed: 1\" in the configuration"));
  EXPECT_THAT(problems_of_table("label,,x\np,,1\n"), ElementsAre(EndsWith("found 'label', 'x'"))) << "it is empty";
}

TEST(Columns, ATitleFilledUpWithSeparatorsIsNamed) {
  EXPECT_THAT(
      problems_of_table("Table 1. Data,,\nof 2020,,\nPATIENT,label,x\nA,p,1\n"),
      ElementsAre(EndsWith("found 'Table 1. Data'; row 3 has it and looks like the header: remove what is above "
                           "that row")));
  EXPECT_THAT(problems_of_table("variable,value,note\nPATIENT,1,x\n"),
              ElementsAre(Not(HasSubstr("looks like the header"))));
}

TEST(Columns, LongListsAreCut) {
  std::vector<std::string> columns = {""};
  for (int i = 1; i <= 52; ++i) columns.push_back("c" + std::to_string(i));
  EXPECT_THAT(problems_of_columns(columns, "LISS"),
              ElementsAre(EndsWith("found 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', "
                                   "'c9', 'c10', 'c11', 'c12' and 40 more")));
}

TEST(Columns, AHeaderOfOneNameAsksForTheSeparator) {
  EXPECT_THAT(problems_of_columns({"PATIENT LF"}, "LF"), ElementsAre(HasSubstr("the header is read as a single name")));
}

TEST(Columns, ADescriptionInACommentIsNoName) {
  Table table;
  table.columns = {"PATIENT_ID", "MSI_SCORE"};
  table.comments = {{"Patient", "MSI Score (MANTIS)"}, {"Patient"}};
  table.header_line = 3;
  Problems problems;
  needed_column(table, "MSI Score (MANTIS)", problems);
  EXPECT_THAT(problems.lines(), ElementsAre(EndsWith("row 3: no column 'MSI Score (MANTIS)', found 'PATIENT_ID', "
                                                     "'MSI_SCORE'; a comment above the header describes column "
                                                     "'MSI_SCORE' so: write MSI_SCORE")));
}

TEST(Columns, ANameThatOccursTwiceIsAProblemOnlyIfUsed) {
  EXPECT_THAT(problems_of_columns({"PATIENT", "N", "N"}, "PATIENT"), IsEmpty());
  EXPECT_THAT(problems_of_columns({"PATIENT", "N", "N"}, "N.1"), IsEmpty());
  EXPECT_THAT(
      problems_of_columns({"PATIENT", "N", "N"}, "N"),
      ElementsAre("t.csv, row 1: 2 columns are called 'N', expected one; write N.0 for the first or N.1 for the "
                  "second"));
  EXPECT_THAT(problems_of_columns({"N.1", "N", "N"}, "N"), ElementsAre(EndsWith("rename one of them in the table")));
}

TEST(Columns, OneThatMayBeAbsentMustNotBeThereTwice) {
  Table table;
  table.columns = {"a", "a"};
  Problems problems;
  EXPECT_EQ(optional_column(table, "b", problems), std::nullopt);
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_EQ(optional_column(table, "a", problems), std::nullopt);
  EXPECT_FALSE(problems.empty());
}

}  // namespace
}  // namespace mtlgrid::testing

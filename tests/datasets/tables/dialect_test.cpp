#include "datasets/tables/dialect.h"

#include "datasets/tables/csv.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Table parse_dialect(const std::string& text, const std::string& sure_column = "PATIENT") {
  return parse_csv(text, "t.csv", {{}, sure_column});
}
std::vector<std::string> problems_of_dialect(const std::string& text, const std::string& sure_column = "PATIENT") {
  return problems_of([&] { parse_dialect(text, sure_column); });
}

TEST(Separator, IsFoundAndSaid) {
  const std::pair<std::string, const char*> cases[] = {{";", "semicolons"}, {"\t", "tabs"}, {"|", "'|'"}};
  for (const auto& [s, name] : cases) {
    for (const char* sure : {"PATIENT", "case_id", ""}) {
      const Table t = parse_dialect("PATIENT" + s + "x\nA" + s + "a, b\n\nB" + s + "\n", sure);
      EXPECT_THAT(t.columns, ElementsAre("PATIENT", "x")) << name;
      EXPECT_THAT(t.rows, SizeIs(2));
      EXPECT_EQ(t.rows[0].cells[1], "a, b");
      EXPECT_EQ(t.rows[1].line, 4u);
      EXPECT_THAT(t.inferences, ElementsAre(std::string("cells are separated by ") + name +
                                            " (2 names in the header, as many cells in 2 of 2 rows)"));
    }
  }
}

TEST(Separator, TheSureColumnDecidesWhereRowsDoNot) {
  EXPECT_THAT(parse_dialect("PATIENT;a,b;c\nA;0,5;1\nB;0,7;2\n").columns, ElementsAre("PATIENT", "a,b", "c"));
  EXPECT_THAT(parse_dialect("PATIENT,a;b,c\nA,0;5,1\nB,0;7,2\n").columns, ElementsAre("PATIENT", "a;b", "c"));
  EXPECT_THAT(problems_of_dialect("PATIENT;a,b;c\nA;0,5;1;\nB;0,7;1\n"),
              ElementsAre(HasSubstr("more cells than the header, which has 3 (4 in row 2)")));
}

TEST(Separator, ThatCannotBeDecidedIsOneLineOfWhatWasLookedAt) {
  EXPECT_THAT(problems_of_dialect("ID;a,b;c\nA;0,5;1\nB;0,7;2\n"),
              ElementsAre("t.csv: the separator cannot be decided: by commas 2 of 2 rows have as many cells as the "
                          "header's 2, by semicolons 2 of 2 rows have as many cells as the header's 3; write it as a "
                          "first line, e.g. sep=;, or name a column of the header as the patient column"));
}

TEST(Separator, OneThatMostRowsAgreeWithIsTaken) {
  EXPECT_THAT(problems_of_dialect("ID;a, b;c\nA;x;1\nB;y;2\nC;z;;\nD;z;3\n"),
              ElementsAre(HasSubstr("more cells than the header, which has 3 (4 in row 4)")));
}

TEST(Separator, CommasInQuotesAreCells) {
  const Table t = parse_dialect("\"ID, old\";PATIENT\n\"1, \"\"2\"\"\";A\n");
  EXPECT_THAT(t.columns, ElementsAre("ID, old", "PATIENT"));
  EXPECT_EQ(t.rows[0].cells[0], "1, \"2\"");
}

TEST(Separator, TheSureColumnIsKnownByWhatIsSeenOfIt) {
  EXPECT_THAT(parse_dialect("\u200BPATIENT;a,b\nA;1,2\n").columns, ElementsAre("\u200BPATIENT", "a,b"));
}

TEST(Separator, AHeaderOfOneNameIsOneColumn) {
  const Table t = parse_dialect("PATIENT\nA;x\nB\n");
  EXPECT_THAT(t.columns, ElementsAre("PATIENT"));
  EXPECT_EQ(t.rows[0].cells[0], "A;x");
  EXPECT_THAT(t.inferences, IsEmpty());
}

TEST(Separator, MayBeStatedInTheFirstLine) {
  for (const std::string first : {"sep=;\r\n", "SEP=;\n", "\"sep=;\"\r", "\xEF\xBB\xBFsep=;\r\n"}) {
    const Table t = parse_dialect(first + "PATIENT;x\nA;a,b\n");
    EXPECT_THAT(t.columns, ElementsAre("PATIENT", "x"));
    EXPECT_EQ(t.header_line, 2u);
    EXPECT_EQ(t.rows[0].line, 3u);
    EXPECT_THAT(t.inferences, ElementsAre("cells are separated by semicolons, as the line 'sep=;' in row 1 says"));
  }
  EXPECT_THAT(parse_dialect("sep=,\nPATIENT,x;y\nA,1;2\n").columns, ElementsAre("PATIENT", "x;y"));
  EXPECT_THAT(problems_of_dialect("sep=a\nPATIENT,x\nA,1\n"),
              ElementsAre(HasSubstr("row 1: 'sep=a' names no usable separator")));
}

TEST(Comments, AboveTheHeaderAreSkippedAndKept) {
  const Table t = parse_dialect(
      "#Patient's Identifier\tMSI Score\n#An \"open "
      "quote\tScore\n#STRING\tNUMBER\n#1\t1\nPATIENT_ID\tMSI\nA\t1\n#B\t2\n",
      "PATIENT_ID");
  EXPECT_THAT(t.columns, ElementsAre("PATIENT_ID", "MSI"));
  EXPECT_EQ(t.header_line, 5u);
  ASSERT_THAT(t.rows, SizeIs(2));
  EXPECT_EQ(t.rows[1].cells[0], "#B") << "below the header nothing is a comment";
  EXPECT_EQ(t.rows[1].line, 7u);
  EXPECT_THAT(t.comments.at(0), ElementsAre("Patient's Identifier", "MSI Score"));
  EXPECT_THAT(t.inferences, ElementsAre("skipped above the header as comments: rows 1 to 4, beginning with '#'",
                                        HasSubstr("separated by tabs")));
}

TEST(Comments, AHeaderMayBeginWithTheSign) {
  for (const std::string header : {"#PATIENT,x\n", "# PATIENT,x\n"}) {
    const Table t = parse_dialect("#made by hand\n\n" + header + "A,1\n");
    EXPECT_THAT(t.columns, ElementsAre("PATIENT", "x"));
    EXPECT_EQ(t.header_line, 3u);
    EXPECT_THAT(t.inferences, ElementsAre("row 3 begins with '#' and is the header, as it names 'PATIENT'",
                                          "skipped above the header as comments: row 1, beginning with '#'"));
  }
  EXPECT_THAT(parse_dialect("#,PATIENT\n0,A\n").columns, ElementsAre("#", "PATIENT")) << "pandas' index column";
  EXPECT_THAT(parse_dialect("#PATIENT,x\nA,1\n", "#PATIENT").columns, ElementsAre("#PATIENT", "x"));
}

TEST(Comments, TheLineBelowThemIsTheHeaderIfBothNameTheColumn) {
  EXPECT_THAT(parse_dialect("#PATIENT;x\nPATIENT;y\nA;1\n").columns, ElementsAre("PATIENT", "y"));
}

TEST(Comments, AloneAreNoTable) {
  EXPECT_THAT(problems_of_dialect("#a\n#b\n"),
              ElementsAre(HasSubstr("every line begins with '#', expected a header row")));
}

}  // namespace
}  // namespace mtlgrid::testing

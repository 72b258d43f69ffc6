#include "datasets/table.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "datasets/csv.h"
#include "datasets/read_table.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

Table parse(const std::string& text) { return parse_csv(text, "t.csv"); }
std::vector<std::string> problems(const std::string& text) {
  return problems_of([&] { parse(text); });
}
// Cells of a row, a missing one as "-".
std::vector<std::string> cells(const Table& table, std::size_t row) {
  std::vector<std::string> out;
  for (const auto& cell : table.rows.at(row).cells) out.push_back(cell.value_or("-"));
  return out;
}

TEST(Csv, CellsAreKeptAsTheyAre) {
  const Table t = parse("PATIENT,x\n 007 ,\" MSS\"\nÄ,\"a,\"\"b\"\"\"\n");
  EXPECT_THAT(t.columns, ElementsAre("PATIENT", "x"));
  EXPECT_THAT(cells(t, 0), ElementsAre(" 007 ", " MSS"));
  EXPECT_THAT(cells(t, 1), ElementsAre("Ä", "a,\"b\""));
}

TEST(Csv, ByteOrderMarkAndAnyLineEndingAreAccepted) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const Table t = parse(
        "\xEF\xBB\xBF"
        "a,b" +
        end + "1,2" + end + "3,4");
    EXPECT_THAT(t.columns, ElementsAre("a", "b"));
    ASSERT_THAT(t.rows, SizeIs(2));
    EXPECT_EQ(t.rows[1].line, 3u);
    EXPECT_THAT(cells(t, 1), ElementsAre("3", "4"));
  }
}

TEST(Csv, BlankLinesAreSkippedAndCounted) {
  const Table t = parse("a,b\n\n   \n1,2\r\n\r\n3,4\n\n");
  ASSERT_THAT(t.rows, SizeIs(2));
  EXPECT_EQ(t.rows[0].line, 4u);
  EXPECT_EQ(t.rows[1].line, 6u);
}

TEST(Csv, ARowWithALineBreakInACellIsNumberedByItsFirstLine) {
  const Table t = parse("a,b\n1,\"x\n\ny\"\n2,z\n\"p\r\nq\",r\n3,s\n");
  ASSERT_THAT(t.rows, SizeIs(4));
  EXPECT_EQ(t.rows[0].line, 2u);
  EXPECT_EQ(t.rows[0].cells[1], "x\n\ny");
  EXPECT_EQ(t.rows[1].line, 5u);
  EXPECT_EQ(t.rows[2].line, 6u);
  EXPECT_EQ(t.rows[3].line, 8u);
}

TEST(Csv, MissingCellsArePandasDefaultsQuotedOrNot) {
  const Table t = parse("a,b,c,d\nNA,\"\",,None\n\"NA\", ,na,NAN\n");
  EXPECT_THAT(cells(t, 0), ElementsAre("-", "-", "-", "-"));
  EXPECT_THAT(cells(t, 1), ElementsAre("-", " ", "na", "NAN"));
}

TEST(Csv, UnnamedColumnsAreLeftAlone) {
  const Table t = parse(",PATIENT,\n0,A,\n");
  EXPECT_EQ(t.column("PATIENT"), 1u);
  EXPECT_EQ(t.column("x"), std::nullopt);
}

TEST(Csv, DuplicateColumnIsNamed) {
  EXPECT_THAT(problems("a,b,a\n1,2,3\n"),
              ElementsAre("t.csv, row 1: column 'a' occurs twice, expected different names"));
}

TEST(Csv, EveryRowOfWrongLengthIsNamed) {
  EXPECT_THAT(problems("a,b\n1\n1,2\n1,2,3\n"), ElementsAre("t.csv, row 2: 1 cells, expected 2 as in the header",
                                                            "t.csv, row 4: 3 cells, expected 2 as in the header"));
}

TEST(Csv, MalformedQuotesAreNamedByRow) {
  EXPECT_THAT(problems("a,b\n1,2\nx\"y,z\n"), ElementsAre(StartsWith("t.csv, row 3: malformed quotes")));
  EXPECT_THAT(problems("a,b\n\"1\"2,2\n"), ElementsAre(StartsWith("t.csv, row 2: malformed quotes")));
}

TEST(Csv, UnclosedQuoteIsNamedByTheRowThatOpensIt) {
  EXPECT_THAT(problems("a,b\n1,2\n1,\"open\n1,2\n1,2\n"), ElementsAre(StartsWith("t.csv, row 3: a quote is opened")));
}

TEST(Csv, EveryRowThatIsNotUtf8IsNamed) {
  EXPECT_THAT(problems("a,b\n1,\xE4\n1,2\n\xC3(,1\n"),
              ElementsAre("t.csv, row 2: bytes that are not UTF-8 text, expected UTF-8",
                          "t.csv, row 4: bytes that are not UTF-8 text, expected UTF-8"));
  EXPECT_THAT(problems(std::string("a,b\n1,\0\n", 8)), SizeIs(1));
}

TEST(Csv, AWholeTableInAnotherEncodingIsNotListedRowByRow) {
  std::string latin1 = "a,b\n";
  for (int i = 0; i < 500; ++i) latin1 += "\xE4,1\n";
  const auto lines = problems(latin1);
  ASSERT_THAT(lines, SizeIs(21));
  EXPECT_EQ(lines.back(), "t.csv: 480 more rows are not UTF-8 text");
  EXPECT_THAT(problems(std::string("\xFF\xFE"
                                   "a\0,\0",
                                   6)),
              ElementsAre(HasSubstr("UTF-16")));
}

TEST(Csv, EmptyTablesAreRefused) {
  for (const std::string text : {"", "\n\n", "\xEF\xBB\xBF"})
    EXPECT_THAT(problems(text), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(problems("a,b\n"), ElementsAre(HasSubstr("nothing below it")));
  EXPECT_THAT(problems(",,\n,,\n"), ElementsAre("t.csv, row 1: no column has a name"));
}

TEST(ReadTable, ChoosesByTheSuffix) {
  const TempFolder folder;
  write_text(folder / "t.csv", "a\n1\n");
  EXPECT_THAT(read_table(folder / "t.csv").rows, SizeIs(1));
  EXPECT_EQ(read_table(folder / "t.csv").path, folder / "t.csv");
  EXPECT_THAT(problems_of([&] { read_table(folder / "t.xlsx"); }), ElementsAre(HasSubstr("save the sheet as csv")));
  EXPECT_THAT(problems_of([&] { read_table(folder / "t.CSV"); }), ElementsAre(HasSubstr("suffix '.CSV', expected")));
}

TEST(ReadTable, WhatIsNoFileIsSaid) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "d.csv");
  EXPECT_THAT(problems_of([&] { read_table(folder / "none.csv"); }), ElementsAre(HasSubstr("none.csv: no such file")));
  EXPECT_THAT(problems_of([&] { read_table(folder / "d.csv"); }), ElementsAre(HasSubstr("d.csv: not a file")));
}

TEST(ReadTable, AFileWithoutPermissionIsSaid) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read any file";
  const TempFolder folder;
  write_text(folder / "t.csv", "a\n1\n");
  chmod((folder / "t.csv").c_str(), 0);
  EXPECT_THAT(problems_of([&] { read_table(folder / "t.csv"); }), ElementsAre(HasSubstr("cannot be read")));
}

TEST(IsMissing, IsExactlyPandasList) {
  for (const char* text : {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
                           "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}) {
    EXPECT_TRUE(is_missing(text)) << text;
  }
  for (const char* text : {" ", "na", "NAN", "Null", "none", "?", "-", "NA ", "0", "Nan"})
    EXPECT_FALSE(is_missing(text));
}

TEST(ParseNumber, AcceptsWhatPythonsFloatDoes) {
  const std::vector<std::pair<const char*, double>> cases{
      {"1", 1},     {" 7 ", 7},    {"+1.5", 1.5}, {"-.5", -.5}, {"1.", 1},     {"1e3", 1000}, {"1E-2", .01},
      {"\t2\n", 2}, {"1e-400", 0}, {"-0", -0.0},  {"007", 7},   {"1e+2", 100}, {"0.1", 0.1},  {"4e-324", 5e-324}};
  for (const auto& [text, value] : cases) {
    const auto number = parse_number(text);
    ASSERT_TRUE(number.has_value()) << text;
    EXPECT_EQ(*number, value) << text;
  }
}

TEST(ParseNumber, RefusesWhatIsNoFiniteNumber) {
  for (const char* text : {"",     " ",  "abc", "1,5", "1_000", "inf", "-inf", "nan", "Infinity", "1e400",
                           "0x10", "1e", "+",   "+-1", "--1",   "1 2", ".",    "e5",  "1.2.3",    "12a"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace mtlgrid::testing

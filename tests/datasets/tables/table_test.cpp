#include "datasets/tables/table.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "datasets/tables/csv.h"
#include "datasets/tables/read_table.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
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

TEST(Csv, RowsOfEmptyCellsAreBlank) {
  const Table t = parse(",,\nPATIENT,x,y\n,,\nA,,\n\"\",,,,\n,\nB,1,\n,,\n");
  EXPECT_EQ(t.header_line, 2u);
  ASSERT_THAT(t.rows, SizeIs(2));
  EXPECT_EQ(t.rows[1].line, 7u);
  EXPECT_THAT(parse("PATIENT,x\nNA,NA\n").rows, SizeIs(1)) << "missing values are not nothing";
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
  EXPECT_EQ(t.column("Unnamed: 0"), 0u) << "as pandas calls it";
  EXPECT_EQ(t.column("Unnamed: 2"), 2u);
  EXPECT_EQ(t.column("Unnamed: 1"), std::nullopt);
  EXPECT_EQ(parse(",Unnamed: 0\n0,A\n").column("Unnamed: 0"), 1u) << "a column's own name";
}

TEST(Csv, NamesThatCannotBeTypedAreFoundByWhatIsSeen) {
  for (const char* name : {"Leukocyte\nFraction", "Leukocyte \r\n Fraction\n", "\uFEFFLeukocyte  Fraction",
                           "Leukocyte\u200B Fraction", "Leukocyte\tFraction", "\nLeukocyte\u2028Fraction"}) {
    EXPECT_EQ(parse(fmt::format("PATIENT,\"{}\"\nA,1\n", name)).column("Leukocyte Fraction"), 1u) << name;
  }
  EXPECT_EQ(parse("PATIENT,x \nA,1\n").column("x"), std::nullopt) << "a blank at the end can be written in quotes";
  EXPECT_EQ(parse("\"x\ny\",\"x  y\"\n1,2\n").column("x y"), std::nullopt) << "two look alike";
  EXPECT_EQ(parse("\"x\ny\",x y\n1,2\n").column("x y"), 1u);
}

TEST(Csv, ColumnsOfOneNameAreToldApartAsPandasDoes) {
  const Table t = parse("a,b,a,a,X,X,X.1,,\n0,1,2,3,4,5,6,7,8\n");
  EXPECT_EQ(t.column("a"), 0u);
  EXPECT_EQ(t.column("a.0"), 0u);
  EXPECT_EQ(t.column("a.1"), 2u);
  EXPECT_EQ(t.column("a.2"), 3u);
  EXPECT_EQ(t.column("a.3"), std::nullopt);
  EXPECT_EQ(t.column("b.0"), std::nullopt) << "there is one b";
  EXPECT_EQ(t.column("X.1"), 6u) << "a column's own name";
  EXPECT_EQ(t.column("X.2"), 5u);
  EXPECT_EQ(t.column(""), std::nullopt);
  EXPECT_EQ(t.column(".1"), std::nullopt);
}

TEST(Csv, RowsOfWrongLengthAreALineACause) {
  EXPECT_THAT(problems("a,b,c\n1,2\n1,2,3\n1,2,3,4\n1,2,3,4,5\nSource: us\n1,2\n"),
              ElementsAre("t.csv: rows of fewer cells than the header, which has 3 (2 times: 2 in row 2, 2 in row 7); "
                          "empty cells need their separators too",
                          "t.csv: rows of more cells than the header, which has 3 (2 times: 4 in row 4, 5 in row 5); "
                          "a cell with commas in it must be in quotes",
                          "t.csv: lines that are not rows of the table: 1 cell, expected 3 as in the header "
                          "(\"Source: us\" in row 6); remove lines above the header and notes below the table"));
}

TEST(Csv, CellsThatShortRowsLackAreMissing) {
  std::string text = "PATIENT,x,n1,n2\nA,1,a,b\n";
  for (int i = 0; i < 5; ++i) text += "B,2\n";
  const Table t = parse(text + "C,3,c\n");
  EXPECT_THAT(cells(t, 1), ElementsAre("B", "2", "-", "-"));
  EXPECT_THAT(cells(t, 6), ElementsAre("C", "3", "c", "-"));
  EXPECT_THAT(t.inferences, ElementsAre("6 rows have fewer cells than the header, which has 4 (2 in row 3, 2 in row 4, "
                                        "2 in row 5, ...): what they lack at the end is read as missing"));
  EXPECT_THAT(parse("a,b,c\n1,2,3\n4,5\n").inferences, ElementsAre(HasSubstr("1 row has fewer cells")));
}

TEST(Csv, ShortRowsThatMayBeMisplacedAreRefused) {
  EXPECT_THAT(problems("a,b, c,d\n1,2,3\n4,5,6\n"), ElementsAre(HasSubstr("fewer cells"))) << "a name with a comma";
  EXPECT_THAT(problems("a,b,c\n1,2,3\n\"x,y\",3\n"), ElementsAre(HasSubstr("joins it with the next one")));
  EXPECT_THAT(problems("a,b,c\n1,2,3\n4\n"), ElementsAre(HasSubstr("lines that are not rows")));
}

TEST(Csv, RowNamesNeedNoNameInTheHeader) {
  const auto r = [](const std::string& text) { return parse_csv(text, "t.csv", {{}, "PATIENT"}); };
  const Table t = r("\"PATIENT\",\"x\"\n\"1\",\"A\",0.5\n\"3\",\"B\",2\n");
  EXPECT_THAT(t.columns, ElementsAre("", "PATIENT", "x"));
  EXPECT_THAT(cells(t, 1), ElementsAre("3", "B", "2"));
  EXPECT_THAT(t.inferences, ElementsAre("the header lacks a name for the first column, as of row names in R: it has 2, "
                                        "every row 3 cells"));
  EXPECT_THAT(r("label,x\nA,p,0.5\nB,n,2\n").columns, ElementsAre("", "label", "x")) << "patients as row names";
  EXPECT_THAT(r("\"PATIENT\",\"x\"\n\"s2\",\"A\",0.5\n\"s1\",\"B\",2\n").columns, ElementsAre("", "PATIENT", "x"));
  EXPECT_THAT(r("PATIENT\tx\ns2\tA\t0.5\ns1\tB\t2\n").columns, ElementsAre("", "PATIENT", "x"));
  EXPECT_THAT(r("\"PATIENT\",\"age\",\"sex\"\n\"1\",\"A\",63,1\n\"2\",\"B\",71,0\n").columns,
              ElementsAre("", "PATIENT", "age", "sex"));
}

TEST(Csv, WhatMayBeNoRowNamesIsRefused) {
  const char* const texts[] = {
      "PATIENT,x\n1,0,53\n2,0,71\n",               // decimal commas
      "PATIENT,label,x\nA,p,0,53\nB,n,0,71\n",     // beside a text
      "PATIENT,name\nA,Smith, J\nB,Jones, K\n",    // commas in texts
      "PATIENT,x\n1,A,0.5\n1,B,2\n",               // the same twice
      "label,x\nA,0,5\nB,0,7\n",                   // no patient column
      "Table 1, data\nPATIENT,label,x\nA,p,0.5\n"  // a title
  };
  for (const char* text : texts) {
    EXPECT_THAT(problems_of([&] { parse_csv(text, "t.csv", {{}, "PATIENT"}); }),
                ElementsAre(HasSubstr("if rows begin with row names, as of R, write a name for them into the header")))
        << text;
  }
}

TEST(Csv, ATitleAboveTheHeaderIsNamed) {
  std::string text = "Export of 2021\nPATIENT,x\n";
  for (int i = 0; i < 500; ++i) text += "A,1\n";
  EXPECT_THAT(problems(text), ElementsAre("t.csv: rows of more cells than the header, which has 1 (501 times: 2 in row "
                                          "2, 2 in row 3, 2 in row 4, ...); is the first row a title? The header must "
                                          "be the first row"));
}

TEST(Csv, ASeparatorAtTheEndOfEveryRowIsNamed) {
  EXPECT_THAT(problems("a,b\n1,2,\n3,4,\n"),
              ElementsAre(HasSubstr("every row has 3 cells and ends with an empty one")));
  EXPECT_THAT(parse("a,b,\n1,2,\n").rows, SizeIs(1));
}

TEST(Csv, FurtherSpellingsOfAMissingValueAreExact) {
  const Table t = parse_csv("a,b,c\n'--,[Not Available],x\n'-- ,NA,--\n", "t.csv", {{"'--", "[Not Available]"}, ""});
  EXPECT_THAT(cells(t, 0), ElementsAre("-", "-", "x"));
  EXPECT_THAT(cells(t, 1), ElementsAre("'-- ", "-", "--"));
}

TEST(Csv, APlainTableIsInferredNothingOf) {
  const Table t = parse("PATIENT,x\nA,\"0,53\"\nB,1;2\n");
  EXPECT_THAT(t.inferences, ::testing::IsEmpty());
  EXPECT_EQ(t.number(1, "0,53"), std::nullopt);
  EXPECT_EQ(t.number(1, "0.53"), 0.53);
}

TEST(Csv, QuotesWithinCellsAreReadAsPandasDoes) {
  const Table t = parse_csv("a\tb\tc\ntumour 5\" from margin\t\"NOS\" adenoca\tx\"y\"\n\"a\"\"b\" \"c\"\t\"\"\t5\"\n",
                            "t.csv", {{}, "a"});
  EXPECT_THAT(cells(t, 0), ElementsAre("tumour 5\" from margin", "NOS adenoca", "x\"y\""));
  EXPECT_THAT(cells(t, 1), ElementsAre("a\"b \"c\"", "-", "5\""));
  EXPECT_THAT(t.inferences, ElementsAre(HasSubstr("tabs"),
                                        "quotes that are not around a whole cell are part of its text in 2 rows, read "
                                        "as 'tumour 5\" from margin' in row 2"));
}

TEST(Csv, QuotesWithinCellsMayNotHideRows) {
  EXPECT_THAT(
      problems("a,b\n\"1,2\n3,5\"\n4,5\" deep\n"),
      ElementsAre("t.csv, row 2: a quote that is opened there is closed in a later line, while other cells have "
                  "quotes within them ('5\" deep' in row 4): rows may be lost between; expected quotes around "
                  "a whole cell, doubled inside it"));
  EXPECT_THAT(problems("a,b\n\"1,2\n3,\"4\n"), ElementsAre(HasSubstr("row 2: a quote that is opened there")));
  EXPECT_THAT(problems("a\tb\tc\n1\t\"high\t2\n3\tx\t4\n5\tlow\"\t6\n"),
              ElementsAre("t.csv, row 2: between a quote that is opened there and the next one are whole rows of the "
                          "table; expected quotes around a whole cell, doubled inside it"));
  EXPECT_THAT(problems("a,b,c\n\"1,2,3\n4\",5,6\n"), ElementsAre(HasSubstr("row 2: between a quote")));
  EXPECT_THAT(parse("a,b,c\n1,\"one, two\nthree, four, five\",6\n").rows, SizeIs(1)) << "a text";
}

TEST(Csv, UnclosedQuoteIsNamedByTheRowThatOpensIt) {
  EXPECT_THAT(problems("a,b\n1,2\n1,\"open\n1,2\n1,2\n"), ElementsAre(StartsWith("t.csv, row 3: a quote is opened")));
}

TEST(Csv, EmptyTablesAreRefused) {
  for (const std::string text : {"", "\n\n", "\xEF\xBB\xBF", ",,\n,,\n"})
    EXPECT_THAT(problems(text), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(problems("a,b\n"), ElementsAre(HasSubstr("nothing below it")));
}

TEST(ReadTable, IsOfTextWhateverTheSuffix) {
  const TempFolder folder;
  write_text(folder / "t.csv", "a\n1\n");
  EXPECT_THAT(read_table(folder / "t.csv").rows, SizeIs(1));
  EXPECT_EQ(read_table(folder / "t.csv").path, folder / "t.csv");
  write_text(folder / "t.dat", "a\n1\n");
  EXPECT_THAT(problems_of([&] { read_table(folder / "t.dat"); }), ElementsAre(HasSubstr("suffix '.dat', expected")));
  for (const char* name : {"t.TSV", "t.txt", "t2.CSV", "t.tab"}) {
    write_text(folder / name, "a;b\n1;2\n");
    EXPECT_THAT(read_table(folder / name).columns, ElementsAre("a", "b")) << name;
  }
}

TEST(ReadTable, WhatIsNoFileIsSaid) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "d.csv");
  EXPECT_THAT(problems_of([&] { read_table(folder / "none.csv"); }), ElementsAre(HasSubstr("none.csv: no such file")));
  EXPECT_THAT(problems_of([&] { read_table(folder / "d.csv"); }), ElementsAre(HasSubstr("d.csv: is a folder")));
}

TEST(ReadTable, ALinkToNoFileIsSaid) {
  const TempFolder folder;
  std::filesystem::create_symlink("nowhere.csv", folder / "t.csv");
  EXPECT_THAT(problems_of([&] { read_table(folder / "t.csv"); }), ElementsAre(HasSubstr("t.csv: a link to no file")));
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

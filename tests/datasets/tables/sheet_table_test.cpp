#include "datasets/tables/sheet_table.h"

#include "datasets/tables/columns.h"
#include "datasets/tables/read_table.h"
#include "tests/datasets/workbooks/handmade.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string row_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += text_cell(text);
  return out;
}

Table parse_sheets(const Sheets& sheets, const std::optional<std::string>& sheet = {}, const TableRules& rules = {}) {
  return parse_workbook(zipped(parts_of(sheets)), "t.xlsx", sheet, rules);
}

Table parse_rows(const std::vector<std::string>& rows, const TableRules& rules = {}) {
  return parse_sheets({{"S", sheet_of(rows)}}, {}, rules);
}

const std::string kTable = sheet_of({row_of({"a"}), row_of({"1"})});

TEST(SheetTable, RowsAreNumberedAsExcelShowsThem) {
  const Table t = parse_sheets({{"S",
                                 "<sheetData><row r=\"3\"><c r=\"A3\"><v>2020</v></c><c r=\"C3\"><v>1.5</v></c></row>"
                                 "<row r=\"9\"><c r=\"B9\"><v>7</v></c></row></sheetData>"}});
  EXPECT_EQ(t.header_line, 3u);
  EXPECT_THAT(t.columns, ElementsAre("2020", "", "1.5"));
  ASSERT_THAT(t.rows, SizeIs(1));
  EXPECT_EQ(t.rows[0].line, 9u);
  EXPECT_THAT(t.rows[0].cells, ElementsAre(std::nullopt, "7", std::nullopt));
  EXPECT_EQ(t.column("Unnamed: 1"), 1u);
}

TEST(SheetTable, FurtherSpellingsOfMissingValuesAreThoseOfText) {
  const Table t =
      parse_rows({row_of({"a", "b", "c"}), number_cell("-999") + row_of({"--", "NA"})}, {{"-999", "--"}, ""});
  EXPECT_THAT(t.rows[0].cells, ElementsAre(std::nullopt, std::nullopt, std::nullopt));
  EXPECT_EQ(t.read_as_missing.at(0).at("-999"), 1u);
  EXPECT_EQ(t.read_as_missing.at(2).at("NA"), 1u);
}

TEST(SheetTable, ErrorsAreMissingAndCounted) {
  const Table t = parse_rows({row_of({"a", "b"}), text_cell("A") + "<c t=\"e\"><v>#DIV/0!</v></c>"});
  EXPECT_EQ(t.rows[0].cells[1], std::nullopt);
  EXPECT_EQ(t.read_as_missing.at(1).at("#DIV/0!"), 1u);
}

TEST(SheetTable, CommentsAboveTheHeaderAreThoseOfText) {
  const Table t = parse_rows(
      {row_of({"#Patient", "Score"}), row_of({"# STRING", "NUMBER"}), row_of({"PATIENT", "x"}), row_of({"#1", "2"})},
      {{}, "PATIENT"});
  EXPECT_THAT(t.columns, ElementsAre("PATIENT", "x"));
  EXPECT_THAT(t.comments, ElementsAre(ElementsAre("Patient", "Score"), ElementsAre(" STRING", "NUMBER")));
  EXPECT_THAT(t.rows, SizeIs(1));
  EXPECT_THAT(t.inferences,
              ElementsAre(HasSubstr("sheet 'S'"), HasSubstr("skipped above the header as comments: rows 1 to 2")));
  const Table signed_header = parse_rows({row_of({"#PATIENT", "x"}), row_of({"A", "1"})}, {{}, "PATIENT"});
  EXPECT_THAT(signed_header.columns, ElementsAre("PATIENT", "x"));
  EXPECT_THAT(signed_header.inferences.at(1), HasSubstr("row 1 begins with '#' and is the header"));
}

TEST(SheetTable, ATitleAboveTheHeaderIsExplained) {
  const Table t = parse_rows({text_cell("Table S1. Patients"), row_of({"PATIENT", "x", "y"}), row_of({"A", "1", "2"})});
  Problems problems;
  needed_column(t, "PATIENT", problems);
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("row 2 has it and looks like the header")));
}

TEST(SheetTable, NumbersHaveNoDecimalCommasAndTextsMay) {
  const std::string header = row_of({"numbers", "texts", "both", "whole"});
  const Table t = parse_rows({header, number_cell("1.018") + text_cell("0,53") + number_cell("0.5") + number_cell("1"),
                              number_cell("981") + text_cell("1,2") + text_cell("0,53") + text_cell("0,53")});
  EXPECT_EQ(t.number(0, "1.018"), 1.018);
  EXPECT_EQ(t.number(1, "0,53"), 0.53);
  EXPECT_EQ(t.number(2, "0.5"), 0.5);
  EXPECT_EQ(t.number(2, "0,53"), std::nullopt) << "beside numbers with a fraction it is a text that is none";
  EXPECT_EQ(t.number(3, "0,53"), 0.53) << "beside whole numbers";
  EXPECT_EQ(t.number(3, "1"), 1);
  for (const Table::Decimals& decimals : t.decimals) EXPECT_THAT(decimals.unclear, IsEmpty());
}

TEST(SheetTable, SheetsAreFoundByTheirNames) {
  const Sheets sheets = {{"Notes", sheet_of({row_of({"x"}), row_of({"y"})})}, {"Data", kTable}, {"a#b", kTable}};
  EXPECT_THAT(parse_sheets(sheets).columns, ElementsAre("x"));
  EXPECT_THAT(parse_sheets(sheets).inferences,
              ElementsAre("read from sheet 'Notes', the first; also there: 'Data', 'a#b' (to read another, write e.g. "
                          "t.xlsx#Data)"));
  EXPECT_THAT(parse_sheets(sheets, "Data").columns, ElementsAre("a"));
  EXPECT_THAT(parse_sheets(sheets, "Data").inferences,
              ElementsAre("read from sheet 'Data'; also there: 'Notes', 'a#b'"));
  EXPECT_THAT(problems_of([&] { parse_sheets(sheets, "data"); }),
              ElementsAre("t.xlsx: no sheet 'data', found 'Notes', 'Data', 'a#b'; did you mean 'Data'?"));
  EXPECT_THAT(parse_sheets({{"A", kTable}, {"B #2", kTable}}).inferences,
              ElementsAre(HasSubstr("write e.g. \"t.xlsx#B #2\")")));
  EXPECT_THAT(parse_sheets({{"Only", kTable}}).inferences, ElementsAre("read from sheet 'Only', the only one"));
}

TEST(SheetTable, ASheetWithoutATableIsRefused) {
  EXPECT_THAT(
      problems_of([] { parse_sheets({{"S", sheet_of({})}, {"T", kTable}}); }),
      ElementsAre("t.xlsx: the sheet is empty, expected a header row and rows below it in sheet 'S'; also there: "
                  "'T', which are written t.xlsx#T"));
  EXPECT_THAT(problems_of([] { parse_rows({row_of({"a", "b"})}); }), ElementsAre(HasSubstr("nothing below it")));
  EXPECT_THAT(problems_of([] { parse_rows({row_of({"#a"}), row_of({"#b"})}); }),
              ElementsAre(HasSubstr("every row begins with '#'")));
}

TEST(SheetTable, ValuesFarFromTheTableAreBounded) {
  std::string rows;
  for (int i = 0; i < 4000; ++i) rows += "<row><c><v>1</v></c></row>";
  EXPECT_THAT(
      problems_of([&] {
        parse_sheets({{"S", "<sheetData>" + rows + "<row><c r=\"XFD4001\"><v>1</v></c></row></sheetData>"}});
      }),
      ElementsAre(HasSubstr("4000 rows and 16384 columns, more than 50000000 cells: are there cells far from")));
}

TEST(ReadTable, AWorkbookIsReadWhateverItsSuffix) {
  const TempFolder folder;
  for (const char* name : {"t.xlsx", "t.csv", "t.dat", "t"}) {
    write_text(folder / name, zipped(parts_of({{"S", kTable}})));
    EXPECT_THAT(read_table(folder / name).columns, ElementsAre("a")) << name;
  }
}

TEST(ReadTable, TextUnderTheNameOfAWorkbookIsReadAndSaid) {
  const TempFolder folder;
  write_text(folder / "t.xls", "a\tb\n1\t2\n");
  const Table t = read_table(folder / "t.xls");
  EXPECT_THAT(t.columns, ElementsAre("a", "b"));
  EXPECT_THAT(t.inferences.at(0), HasSubstr("is text and read as text"));
}

TEST(ReadTable, SheetsAreNamedAfterTheFile) {
  const TempFolder folder;
  write_text(folder / "t.xlsx", zipped(parts_of({{"S", kTable}, {"a#b", sheet_of({row_of({"c"}), row_of({"1"})})}})));
  EXPECT_EQ(read_table(folder / "t.xlsx#S").path, folder / "t.xlsx#S");
  EXPECT_THAT(read_table(folder / "t.xlsx#a#b").columns, ElementsAre("c"));
  EXPECT_THAT(problems_of([&] { read_table(folder / "t.xlsx#T"); }),
              ElementsAre(HasSubstr("t.xlsx#T: no sheet 'T', found")));
  write_text(folder / "t.csv", "a\n1\n");
  EXPECT_THAT(problems_of([&] { read_table(folder / "t.csv#S"); }),
              ElementsAre(HasSubstr("names sheet 'S', but the file is text, not a workbook")));
  EXPECT_THAT(problems_of([&] { read_table(folder / "none.xlsx#S"); }),
              ElementsAre(HasSubstr("none.xlsx: no such file")));
}

TEST(ReadTable, AFileWithASignInItsNameIsAFile) {
  const TempFolder folder;
  write_text(folder / "run#2.xlsx", zipped(parts_of({{"S", kTable}, {"T", sheet_of({row_of({"c"}), row_of({"1"})})}})));
  EXPECT_THAT(read_table(folder / "run#2.xlsx").columns, ElementsAre("a"));
  EXPECT_THAT(read_table(folder / "run#2.xlsx#T").columns, ElementsAre("c"));
  write_text(folder / "t#1.csv", "d\n1\n");
  EXPECT_THAT(read_table(folder / "t#1.csv").columns, ElementsAre("d"));
  std::filesystem::create_directory(folder / "study #1");
  write_text(folder / "study #1" / "t.xlsx", zipped(parts_of({{"S", kTable}})));
  EXPECT_THAT(read_table(folder / "study #1" / "t.xlsx#S").columns, ElementsAre("a"));
}

}  // namespace
}  // namespace mtlgrid::testing

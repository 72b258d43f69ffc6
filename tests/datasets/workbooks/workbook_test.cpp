#include "datasets/workbooks/workbook.h"

#include "datasets/workbooks/cell_text.h"
#include "datasets/workbooks/number_formats.h"
#include "datasets/workbooks/serial_dates.h"
#include "tests/datasets/workbooks/handmade.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "ROW: cell, cell, ..." of every row of the first sheet.
std::vector<std::string> rows_of(const Workbook& workbook) {
  std::vector<std::string> out;
  workbook.read(0, [&](SheetRow& row) {
    std::string text = std::to_string(row.number) + ":";
    for (const SheetCell& cell : row.cells) text += " " + cell.text;
    out.push_back(text);
  });
  return out;
}

std::vector<std::string> rows_of(const std::string& sheet) {
  return rows_of(Workbook(zipped(parts_of({{"S", sheet}}))));
}

TEST(Workbooks, RowsAndCellsWithoutNumbersFollowTheLast) {
  EXPECT_THAT(rows_of("<sheetData><row r=\"3\"><c><v>1</v></c><c r=\"D3\"><v>2</v></c><c><v>3</v></c></row><row>"
                      "<c r=\"$B$4\"><v>4</v></c></row></sheetData>"),
              ElementsAre("3: 1   2 3", "4:  4"));
}

TEST(Workbooks, RowsWithoutValuesAreNotPassedOn) {
  EXPECT_THAT(rows_of("<sheetData><row r=\"1\"><c r=\"A1\" s=\"3\"/></row><row r=\"5\"/><row r=\"6\"><c><v>1</v></c>"
                      "<c s=\"1\"/></row></sheetData>"),
              ElementsAre("6: 1"));
}

TEST(Workbooks, PartsAreFoundWhereverTheRelationshipsLead) {
  Parts parts = parts_of({{"S", sheet_of({number_cell("7")})}});
  parts["xl/book22.xml"] = parts["xl/workbook.xml"];
  parts["xl/_rels/book22.xml.rels"] = parts["xl/_rels/workbook.xml.rels"];
  parts.erase("xl/workbook.xml");
  auto& top = parts["_rels/.rels"];
  top.replace(top.find("xl/workbook.xml"), 15, "/xl/book22.xml");
  auto& sheets = parts["xl/_rels/book22.xml.rels"];
  sheets.replace(sheets.find("worksheets/"), 11, "../xl/Worksheets/");  // letter case does not count
  EXPECT_TRUE(looks_like_workbook(zipped(parts)));
  EXPECT_THAT(rows_of(Workbook(zipped(parts))), ElementsAre("1: 7"));
}

TEST(Workbooks, OtherArchivesAreNoWorkbooks) {
  EXPECT_FALSE(looks_like_workbook(zipped({{"readme.txt", "xl/"}})));
  EXPECT_FALSE(looks_like_workbook(zipped({{"xl/workbook.bin", ""}, {"xl/worksheets/sheet1.bin", ""}})));
  EXPECT_FALSE(looks_like_workbook("PATIENT,xl/workbook.xml\n"));
}

TEST(CellNumbers, AreWrittenAsPythonDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {"1E16", "10000000000000000"}, {"-0.0", "0"}, {"1e-05", "1e-05"}, {"0.1", "0.1"}, {" 7 ", "7"}, {"-007", "-7"}};
  for (const auto& [stored, text] : cases) EXPECT_EQ(cell_number(stored)->text, text) << stored;
  for (const char* none : {"", " ", "x", "1,5", "1e999", "nan", "inf", "+-1", "0x10", "1 2"}) {
    EXPECT_FALSE(cell_number(none)) << none;
  }
}

TEST(SerialDates, EndWithTheCalendar) {
  EXPECT_EQ(date_text(2958465, DateSystem::from_1900), "9999-12-31 00:00:00");
  EXPECT_EQ(date_text(2958466, DateSystem::from_1900), std::nullopt);
  EXPECT_EQ(date_text(1e300, DateSystem::from_1900), std::nullopt);
  EXPECT_EQ(date_text(0, DateSystem::from_1904), "00:00:00");
  EXPECT_EQ(date_text(1, DateSystem::from_1904), "1904-01-02 00:00:00");
  EXPECT_EQ(duration_text(1e9), std::nullopt);
  EXPECT_EQ(duration_text(-999999999), "-999999999 days, 0:00:00");
}

TEST(SerialDates, TextsOfOtherFormsAreNoDates) {
  for (const char* other : {"", "x", "2020-13-01", "2020-02-30", "25:00", "P1D", "PT", "2020-01-01 12:00"}) {
    EXPECT_EQ(iso_text(other), std::nullopt) << other;
  }
}

TEST(NumberFormats, LettersOfDatesCountWhereTheyAreNotLiteral) {
  EXPECT_EQ(kind_of_format("yyyy-mm-dd"), NumberKind::date);
  EXPECT_EQ(kind_of_format("[h]:mm"), NumberKind::duration);
  EXPECT_EQ(kind_of_format("[Red]0.0;d"), NumberKind::number);
  EXPECT_EQ(kind_of_format("0 \"days\""), NumberKind::number);
  EXPECT_EQ(kind_of_format("\\d0_y"), NumberKind::number);
  EXPECT_EQ(kind_of_format("\"open d"), NumberKind::date) << "a quote that is never closed";
  EXPECT_EQ(kind_of_format(""), NumberKind::number);
}

}  // namespace
}  // namespace mtlgrid::testing

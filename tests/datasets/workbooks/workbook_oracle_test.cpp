// Every cell of the oracle's workbooks against what pandas reads (tests/oracle/workbooks.py).
#include <filesystem>
#include <set>

#include "datasets/tables/read_table.h"
#include "tests/datasets/support.h"
#include "tests/oracle/oracle.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string name_of(const nlohmann::json& sheet) {
  return sheet.at("file").get<std::string>() + "#" + sheet.at("sheet").get<std::string>();
}

Table read_sheet(const nlohmann::json& sheet) {
  return read_table(std::filesystem::path(MTLGRID_ORACLE) / name_of(sheet));
}

TEST(WorkbookOracle, EveryCellIsAsPandasReadsIt) {
  std::size_t compared = 0;
  for (const auto& sheet : oracle_file("workbooks.json")) {
    if (sheet.at("columns").empty()) continue;
    const Table table = read_sheet(sheet);
    const auto& rows = sheet.at("rows");
    ASSERT_EQ(table.rows.size(), rows.size()) << name_of(sheet);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      EXPECT_EQ(table.rows[r].line, rows[r][0].get<std::size_t>()) << name_of(sheet);
      ASSERT_EQ(table.rows[r].cells.size(), rows[r][1].size());
      for (std::size_t c = 0; c < rows[r][1].size(); ++c, ++compared) {
        const auto& expected = rows[r][1][c];
        const auto& cell = table.rows[r].cells[c];
        EXPECT_EQ(cell ? nlohmann::json(*cell) : nlohmann::json(), expected)
            << name_of(sheet) << ", row " << table.rows[r].line << ", column " << c + 1;
      }
    }
  }
  EXPECT_GT(compared, 3000u);
}

TEST(WorkbookOracle, ColumnsAreFoundByTheNamesThatPandasGivesThem) {
  for (const auto& sheet : oracle_file("workbooks.json")) {
    if (sheet.at("columns").empty()) continue;
    const Table table = read_sheet(sheet);
    ASSERT_EQ(table.columns.size(), sheet.at("columns").size());
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      EXPECT_EQ(table.column(sheet.at("columns")[c].get<std::string>()), c) << name_of(sheet);
    }
  }
}

TEST(WorkbookOracle, HasTheKindsOfWorkbooksThatItSays) {
  std::set<std::string> files;
  for (const auto& sheet : oracle_file("workbooks.json")) files.insert(sheet.at("file"));
  EXPECT_THAT(files, ElementsAre("workbook_1904.xlsx", "workbook_cells.xlsx", "workbook_clinical.xlsx",
                                 "workbook_libreoffice.xlsx", "workbook_slides.xlsx", "workbook_strict.xlsx"));
}

TEST(WorkbookOracle, TheFirstSheetOfCellsIsReadWhereNoneIsNamed) {
  const Table table = read_table(std::filesystem::path(MTLGRID_ORACLE) / "workbook_clinical.xlsx");
  EXPECT_EQ(table.rows.size(), 60u);
  EXPECT_THAT(table.inferences.at(0),
              HasSubstr("read from sheet 'Clinical data 2024', the first; also there: 'Legend', 'old' (hidden)"));
}

TEST(WorkbookOracle, FormulasThatWereNeverComputedAreSaid) {
  const Table table = read_table(std::filesystem::path(MTLGRID_ORACLE) / "workbook_clinical.xlsx");
  EXPECT_THAT(table.inferences.at(1),
              HasSubstr("61 formulas without a stored value, read as missing (E2, E3, E4, ...)"));
}

TEST(WorkbookOracle, AnEmptySheetNamesTheOthers) {
  EXPECT_THAT(
      problems_of([&] { read_table(std::filesystem::path(MTLGRID_ORACLE) / "workbook_libreoffice.xlsx"); }),
      ElementsAre(HasSubstr("the sheet is empty, expected a header row and rows below it in sheet 'Chart'; also "
                            "there: 'Clinical data 2024', 'Legend', 'old' (hidden), which are written "
                            "workbook_libreoffice.xlsx#Clinical data 2024")));
}

}  // namespace
}  // namespace mtlgrid::testing

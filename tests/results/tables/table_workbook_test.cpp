// Workbooks of tables, read back by the program's own reader of workbooks.
#include "results/tables/table_workbook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/tables/csv.h"
#include "datasets/tables/sheet_table.h"
#include "datasets/workbooks/workbook.h"
#include "results/records/records.h"
#include "results/tables/table_render.h"

namespace mtlgrid {
namespace {

using testing::ElementsAre;

PaperTable table_of_numbers() {
  PaperTable t;
  t.file_stem = "table1";
  t.caption = "AUROC in percent.";
  t.header = {{"MSI", "MSI"}, {"CRC", "EXT"}};
  t.columns = {{"MSI", "CRC", "mean", "auroc"}, {"MSI", "EXT", "mean", "auroc", 3}};
  t.methods = {"baseline", "naive"};
  t.values = {{{83.14, 80.2, 86.04, 3, 5, 0, false}, {kMissing, kMissing, kMissing, 0, 5, 0, false}},
              {{90, 89, 91, 5, 5, 2, true}, {-1.0 / 3, -1, 1e-7, 5, 5, 0, false}}};
  t.notes = {"Partial."};
  return t;
}

// "2: text; 83.14 (number); ..." of every row of a sheet; empty cells are left out.
std::vector<std::string> rows_of(const std::string& bytes, std::size_t sheet) {
  std::vector<std::string> rows;
  Workbook(bytes).read(sheet, [&](SheetRow& row) {
    std::string text = std::to_string(row.number);
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      const SheetCell& cell = row.cells[c];
      if (cell.kind == SheetCell::Kind::empty) continue;
      text += " " + std::string(1, static_cast<char>('A' + c)) + (cell.kind == SheetCell::Kind::number ? "=" : ":") +
              cell.text;
    }
    rows.push_back(text);
  });
  return rows;
}

TEST(TableWorkbook, HasValuesAndBoundsInCellsOfTheirOwn) {
  EXPECT_THAT(rows_of(render_workbook(table_of_numbers()), 0),
              ElementsAre("1 A:AUROC in percent.", "3 B:MSI H:MSI", "4 B:CRC H:EXT",
                          "5 A:Method B:value C:CI low D:CI high E:stars F:cells G:of cells H:value I:CI low J:CI high "
                          "K:stars L:cells M:of cells",
                          "6 A:baseline B=83.14 C=80.2 D=86.04 E=0 F=3 G=5 K=0 L=0 M=5",
                          "7 A:naive B=90 C=89 D=91 E=2 F=5 G=5 H=-0.3333333333333333 I=-1 J=1e-07 K=0 L=5 M=5",
                          "9 A:Partial."));
}

TEST(TableWorkbook, LeavesOutWhatTheWholeTableLacks) {
  PaperTable t = table_of_numbers();
  t.values = {{{1, kMissing, kMissing, 5, 5}, {2, kMissing, kMissing, 5, 5}},
              {{3, kMissing, kMissing, 5, 5}, {4, kMissing, kMissing, 5, 5}}};
  const auto rows = rows_of(render_workbook(t), 0);
  EXPECT_EQ(rows.at(3), "5 A:Method B:value C:value");
  EXPECT_EQ(rows.at(4), "6 A:baseline B=1 C=2");
}

TEST(TableWorkbook, ItsValuesAreThoseOfTheCsv) {
  const Table csv = parse_csv(render(table_of_numbers(), TableFormat::csv), "t.csv");
  const Table sheet = parse_workbook(render_workbook(table_of_numbers()), "t.xlsx", "values");
  EXPECT_EQ(sheet.columns, csv.columns);
  ASSERT_EQ(sheet.rows.size(), csv.rows.size());
  for (std::size_t r = 0; r < csv.rows.size(); ++r) {
    for (std::size_t c = 0; c < csv.columns.size(); ++c) {
      const auto &a = sheet.rows[r].cells[c], &b = csv.rows[r].cells[c];
      ASSERT_EQ(a.has_value(), b.has_value()) << r << " " << c;
      if (!a) continue;
      if (const auto number = parse_number(*b)) {
        EXPECT_DOUBLE_EQ(parse_number(*a).value_or(kMissing), *number);
      } else {
        EXPECT_EQ(*a, *b);
      }
    }
  }
}

TEST(TableWorkbook, NoTextActs) {
  PaperTable t = table_of_numbers();
  t.methods[0] = "=1+1";
  t.header[0] = {"@SUM(A1)\n\x1b[31m", "a\xFF"};
  t.caption = std::string(40'000, 'x');
  t.notes = {"<&\"'>", "http://example.org", ""};
  const auto rows = rows_of(render_workbook(t), 0);
  EXPECT_THAT(rows.at(4), testing::StartsWith("6 A:=1+1 B=83.14"));
  EXPECT_EQ(rows.at(1), "3 B:@SUM(A1)  [31m H:a\\xff");
  EXPECT_LT(rows.at(0).size(), 32'100u);
  EXPECT_EQ(rows.at(6), "9 A:<&\"'>");
  EXPECT_EQ(rows.at(7), "10 A:http://example.org");
}

TEST(TableWorkbook, IsTheSameForTheSameTable) {
  EXPECT_EQ(render_workbook(table_of_numbers()), render_workbook(table_of_numbers()));
  EXPECT_EQ(render(table_of_numbers(), TableFormat::workbook), render_workbook(table_of_numbers()));
}

}  // namespace
}  // namespace mtlgrid

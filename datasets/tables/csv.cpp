#include "datasets/tables/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/text.h"
#include "datasets/tables/csv_rows.h"
#include "datasets/tables/decimals.h"
#include "datasets/tables/dialect.h"
#include "datasets/tables/encoding.h"
#include "datasets/tables/lines.h"
#include "datasets/tables/row_lengths.h"
#include "datasets/tables/table_rows.h"

namespace mtlgrid {
namespace {

// Only separators and white space: spreadsheets write empty rows so. pandas skips lines of white space alone.
bool is_blank(const RawRow& row) {
  if (row.cells.size() == 1) return row.cells[0].find_first_not_of(" \t") == std::string::npos;
  return std::all_of(row.cells.begin(), row.cells.end(), [](const std::string& cell) { return cell.empty(); });
}

// The rows from the header on that have anything in them.
std::vector<RawRow> take_rows(std::string_view text, const Dialect& dialect) {
  std::vector<RawRow> rows;
  text.remove_prefix(dialect.header);
  for (std::size_t line = dialect.header_line; !text.empty();) {
    std::string_view rest = text;
    RawRow row = take_row(rest, dialect.separator);
    row.line = line;
    std::string_view taken = text.substr(0, text.size() - rest.size());
    for (; !taken.empty(); take_line(taken)) ++line;
    text = rest;
    if (!is_blank(row)) rows.push_back(std::move(row));
  }
  return rows;
}

// Whether a quoted cell has whole rows in it: its lines have as many separators as the ends and rows of a table of
// `columns` between two cells of one column. Then its quotes are likely those of two cells.
bool hides_rows(const RawRow& row, std::size_t columns, char separator) {
  if (!row.quotes_lines || !row.quotes_separators || row.cells.size() != columns) return false;
  for (std::size_t c = 0; c < columns; ++c) {
    std::string_view rest = row.cells[c];
    bool rows = columns > 2 && rest.find_first_of("\r\n") != std::string_view::npos;
    for (bool first = true; rows && !rest.empty(); first = false) {
      const std::string_view line = take_line(rest);
      const auto separators = static_cast<std::size_t>(std::count(line.begin(), line.end(), separator));
      rows = separators == (first ? columns - 1 - c : rest.empty() ? c : columns - 1);
    }
    if (rows) return true;
  }
  return false;
}

// Quotes within cells are read and said. A quote that is never closed is a problem; so is a line end in quotes where
// other cells have quotes within them, or where whole rows are in the quotes: the closing quote may be another cell's,
// and the rows between would be lost.
void check_quotes(const std::vector<RawRow>& rows, char separator, Table& table, Problems& problems) {
  const std::string file = table.path.string();
  const RawRow *stray = nullptr, *broken = nullptr;
  std::size_t count = 0;
  for (const RawRow& row : rows) {
    if (row.unclosed) {
      return problems.add(
          fmt::format("{}, row {}: a quote is opened and never closed, expected a closing quote", file, row.line));
    }
    if (hides_rows(row, rows.front().cells.size(), separator)) {
      problems.add(
          fmt::format("{}, row {}: between a quote that is opened there and the next one are whole rows of the table; "
                      "expected quotes around a whole cell, doubled inside it",
                      file, row.line));
    }
    if (row.quotes_lines && broken == nullptr) broken = &row;
    if (!row.stray) continue;
    if (++count == 1) stray = &row;
  }
  if (stray == nullptr) return;
  const std::string example =
      fmt::format("'{}' in row {}", cut_to(printable(stray->cells[*stray->stray]), 40), stray->line);
  if (broken != nullptr) {
    return problems.add(fmt::format(
        "{}, row {}: a quote that is opened there is closed in a later line, while other cells have quotes within them "
        "({}): rows may be lost between; expected quotes around a whole cell, doubled inside it",
        file, broken->line, example));
  }
  table.inferences.push_back(
      fmt::format("quotes that are not around a whole cell are part of its text in {}, read as {}",
                  counted(static_cast<std::int64_t>(count), "row"), example));
}

// `columns`: how many cells the row gets; those that it lacks are missing. The memory of `raw` is free afterwards.
Table::Row typed(RawRow raw, std::size_t columns, const std::vector<std::string>& missing, Table& table) {
  Table::Row row{raw.line, {}};
  row.cells.reserve(columns);
  for (auto& cell : raw.cells) append_cell(std::move(cell), missing, table, row);
  row.cells.resize(columns);
  return row;
}

void take_header(RawRow& header, const Dialect& dialect, Table& table) {
  if (dialect.header_signed) {
    std::string& first = header.cells.front();
    first.erase(0, std::min(first.find_first_not_of("# "), first.size()));
  }
  table.header_line = header.line;
  table.columns = std::move(header.cells);
}

}  // namespace

Table parse_csv(std::string_view text, const std::filesystem::path& path, const TableRules& rules) {
  const std::string file = path.string();
  Table table;
  table.path = path;
  Problems problems;
  const std::string utf8 = as_utf8(std::string(text), path, table.inferences);
  check_utf8(utf8, path, problems);
  problems.throw_if_any();

  const Dialect dialect = find_dialect(utf8, file, rules.sure_column);
  table.inferences.insert(table.inferences.end(), dialect.inferences.begin(), dialect.inferences.end());
  std::vector<RawRow> rows = take_rows(utf8, dialect);
  check_quotes(rows, dialect.separator, table, problems);
  if (rows.empty()) {
    throw InputError(fmt::format("{}: {}, expected a header row and rows below it", file,
                                 dialect.comments.empty() ? "empty" : "every line begins with '#'"));
  }
  problems.throw_if_any();

  take_header(rows.front(), dialect, table);
  for (const std::string& comment : dialect.comments) {
    std::string_view line(comment);
    line.remove_prefix(1);
    table.comments.push_back(take_row(line, dialect.separator).cells);
  }
  rows.erase(rows.begin());
  fit_rows(rows, dialect.separator, rules.sure_column, table, problems);
  if (rows.empty()) problems.add(file + ": a header and nothing below it, expected at least one row");
  problems.throw_if_any();
  for (RawRow& row : rows) table.rows.push_back(typed(std::move(row), table.columns.size(), rules.missing, table));
  find_decimals(table, dialect.separator);
  return table;
}

}  // namespace mtlgrid

#include "datasets/tables/header_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "datasets/tables/looks_missing.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kFirstRows = 20;    // looked at below a title; guessed
constexpr std::size_t kRowsSeen = 1000;   // below the row that may be the header
constexpr double kNearlyAll = 0.9;        // rows below the table, such as totals, do not count against it
constexpr std::size_t kGroupColumns = 2;  // that a header of groups lacks at least

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What the cells of a column below a row say of the row's own.
enum class Below { same_kind, differs, has_it };

Below below(const Table& table, std::size_t row, std::size_t column) {
  const std::string& name = *table.rows[row].cells[column];
  std::size_t count = 0, numbers = 0, digits = 0;
  std::set<std::string_view> different;
  for (std::size_t r = row + 1; r < std::min(table.rows.size(), row + 1 + kRowsSeen); ++r) {
    const auto& cell = table.rows[r].cells[column];
    if (!cell) continue;
    if (*cell == name) return Below::has_it;
    ++count;
    numbers += table.number(column, *cell).has_value();
    digits += has_digit(*cell);
    different.insert(*cell);
  }
  const auto nearly_all = [&](std::size_t some) {
    return count > 0 && static_cast<double>(some) >= kNearlyAll * static_cast<double>(count);
  };
  const bool other = nearly_all(numbers) || (nearly_all(digits) && !has_digit(name)) || 2 * different.size() <= count;
  return count > 0 && other ? Below::differs : Below::same_kind;
}

std::size_t cells_in(const Table::Row& row) {
  return static_cast<std::size_t>(
      std::count_if(row.cells.begin(), row.cells.end(), [](auto& c) { return c.has_value(); }));
}

bool may_be_name(const Table& table, std::size_t column, const std::string& cell) {
  return !table.number(column, cell) && !looks_missing(cell);
}

// Whether the row's cells are names; `all_differ`: each of them is told from the cells below.
bool are_names(const Table& table, std::size_t row, bool all_differ) {
  const auto& cells = table.rows[row].cells;
  std::set<std::string_view> names;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (cells[c] && (!may_be_name(table, c, *cells[c]) || !names.insert(*cells[c]).second)) return false;
  }
  std::size_t differ = 0;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (!cells[c]) continue;
    const Below said = below(table, row, c);
    if (said == Below::has_it) return false;
    differ += said == Below::differs;
  }
  return all_differ ? differ == names.size() : differ > 0;
}

// The columns without a name that have a value in the rows looked at.
std::vector<std::size_t> unnamed_columns(const Table& table) {
  std::vector<std::size_t> out;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (!table.columns[c].empty()) continue;
    const auto end = table.rows.begin() + static_cast<std::ptrdiff_t>(std::min(table.rows.size(), kRowsSeen));
    if (std::any_of(table.rows.begin(), end, [&](const Table::Row& row) { return row.cells[c].has_value(); })) {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::optional<std::size_t> likely_header_row(const Table& table) {
  const auto empty = std::count(table.columns.begin(), table.columns.end(), "");
  const std::size_t named = table.columns.size() - static_cast<std::size_t>(empty);
  if (empty == 0) return std::nullopt;
  const std::vector<std::size_t> unnamed = unnamed_columns(table);
  const bool groups = named > unnamed.size();
  if (unnamed.size() < (groups ? kGroupColumns : 1)) return std::nullopt;
  std::size_t most = groups ? 0 : named;  // cells of the header and of the rows so far
  for (std::size_t r = 0; r < std::min(table.rows.size(), kFirstRows); ++r) {
    const Table::Row& row = table.rows[r];
    const std::size_t cells = cells_in(row);
    if (cells <= most) continue;
    most = cells;
    const bool all = std::all_of(unnamed.begin(), unnamed.end(), [&](std::size_t c) { return row.cells[c]; });
    if ((all || !groups) && are_names(table, r, groups)) return r;
  }
  return std::nullopt;
}

std::string likely_header_said(const Table& table) {
  const auto found = likely_header_row(table);
  if (!found) return "";
  const Table::Row& row = table.rows[*found];
  const bool one_above = *found == 0 && row.line == table.header_line + 1;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].empty() || row.cells[c]) continue;
    return fmt::format("rows {} {} {} look like one header: write one row with a name for every column",
                       table.header_line, one_above ? "and" : "to", row.line);
  }
  return fmt::format("row {} looks like the header: delete the {} above it", row.line, one_above ? "row" : "rows");
}

}  // namespace mtlgrid

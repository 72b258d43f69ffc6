#include "datasets/tables/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "base/nearest.h"
#include "base/quoting.h"
#include "base/text.h"
#include "datasets/tables/folded_name.h"
#include "datasets/tables/header_row.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kColumnsListed = 12;
constexpr std::size_t kTitleRows = 20;  // looked at below a title; guessed

std::string place(const Table& table) { return fmt::format("{}, row {}", table.path.string(), table.header_line); }

void remove_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) text.erase(at, what.size());
}

// What two names may differ in without being different to a reader.
struct Difference {
  const char* what;
  void (*remove)(std::string& text);
};
constexpr std::array<Difference, 3> kDifferences = {{
    {"blanks",
     [](std::string& text) {
       // Space, tab, line ends; the no-break space, zero-width space and byte-order mark of spreadsheets.
       for (const char* blank : {" ", "\t", "\n", "\r", "\xC2\xA0", "\xE2\x80\x8B", "\xEF\xBB\xBF"}) {
         remove_all(text, blank);
       }
     }},
    {"letter case", [](std::string& text) { text = lower_ascii(text); }},
    {"quotes",
     [](std::string& text) {
       for (const char* quote : {"\"", "'"}) remove_all(text, quote);
     }},
}};

// What `a` and `b` differ in, if that is nothing but blanks, letter case or quotes: "blanks and letter case"; "" if
// they are different names. The fewest differences that explain it.
std::string only_difference(const std::string& a, const std::string& b) {
  std::string best;
  int fewest = 4;
  for (unsigned chosen = 1; chosen < 1u << kDifferences.size(); ++chosen) {
    std::string x = a, y = b, text;
    int count = 0;
    for (std::size_t i = 0; i < kDifferences.size(); ++i) {
      if ((chosen >> i & 1) == 0) continue;
      kDifferences[i].remove(x);
      kDifferences[i].remove(y);
      text += fmt::format("{}{}", count++ == 0 ? "" : " and ", kDifferences[i].what);
    }
    if (x == y && !x.empty() && count < fewest) {
      fewest = count;
      best = text;
    }
  }
  return best;
}

// Whether `name` is `column` cut at a comma, or at what begins a comment or a column's name in a configuration.
bool is_cut_from(const std::string& name, const std::string& column) {
  if (name.empty() || column.size() <= name.size()) return false;
  if (column.starts_with(name)) {
    const auto next = column.find_first_not_of(" \t", name.size());
    return next != std::string::npos && std::string_view(",#;:").find(column[next]) != std::string_view::npos;
  }
  if (!column.ends_with(name)) return false;
  const auto before = column.find_last_not_of(" \t", column.size() - name.size() - 1);
  return before != std::string::npos && (column[before] == ',' || column[before] == ':');
}

// The column that a comment line above the header, as cBioPortal writes them, calls `name`.
std::optional<std::string> described_as(const Table& table, const std::string& name) {
  for (const auto& cells : table.comments) {
    const auto found = std::find(cells.begin(), cells.end(), name);
    if (found != cells.end() && cells.size() == table.columns.size()) {
      return table.columns[static_cast<std::size_t>(found - cells.begin())];
    }
  }
  return std::nullopt;
}

// "; column 1 has no name: ..." where a column with values has none; "" otherwise.
std::string nameless(const Table& table) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const auto has_value = [c](const Table::Row& row) { return row.cells[c].has_value(); };
    if (!table.columns[c].empty() || std::none_of(table.rows.begin(), table.rows.end(), has_value)) continue;
    return fmt::format("; column {} has no name: write one into the header, or {} in the configuration", c + 1,
                       name_to_write(table, c));
  }
  return "";
}

// "; row 3 has it ...": where the header is a title, filled up with separators, and a row below has `name` among its
// cells, or looks like the header without it; "" otherwise.
std::string header_below(const Table& table, const std::string& name) {
  const auto named = std::count_if(table.columns.begin(), table.columns.end(), [](auto& c) { return !c.empty(); });
  const std::string likely = likely_header_said(table);
  if (2 * static_cast<std::size_t>(named) > table.columns.size() && likely.empty()) return "";
  for (std::size_t r = 0; r < std::min(table.rows.size(), kTitleRows); ++r) {
    const auto& cells = table.rows[r].cells;
    const auto is_name = [&](const auto& cell) { return cell && folded_name(*cell) == folded_name(name); };
    if (std::none_of(cells.begin(), cells.end(), is_name)) continue;
    return fmt::format("; row {} has it and looks like the header: remove what is above that row", table.rows[r].line);
  }
  return likely.empty() ? "" : "; " + likely;
}

// What may have been meant by a name that no column has; "" if nothing comes near.
std::string meant(const Table& table, const std::string& name) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (const std::string difference = only_difference(name, table.columns[c]); !difference.empty()) {
      const std::string written = name_to_write(table, c);
      return fmt::format("; '{}' differs in {} alone: write {}{}", printable(table.columns[c]), difference, written,
                         written.starts_with('"') ? " in the configuration, with the quotes" : "");
    }
  }
  if (table.columns.size() == 1) {
    return "; the header is read as a single name: separate names by commas, semicolons, tabs or '|', and do not quote "
           "whole rows";
  }
  if (const auto column = described_as(table, name)) {
    return fmt::format("; a comment above the header describes column '{}' so: write {}", *column,
                       quoted_if_needed(*column));
  }
  for (const std::string& column : table.columns) {
    if (is_cut_from(name, column)) {
      return fmt::format("; was '{}' meant? Write {} in the configuration, with the quotes", printable(column),
                         in_quotes(folded_name(column)));
    }
  }
  const std::string near = suggestion(name, table.columns);
  return near.empty() ? printable(nameless(table)) : printable(near);
}

}  // namespace

std::string name_to_write(const Table& table, std::size_t column) {
  const std::string& name = table.columns[column];
  if (name.empty()) return quoted_if_needed(fmt::format("Unnamed: {}", column));
  return quoted_if_needed(printable(name) == name ? name : folded_name(name));
}

std::string column_said(const Table& table, std::size_t column) {
  const std::string& name = table.columns[column];
  return name.empty() ? fmt::format("column {}, which has no name,", column + 1)
                      : fmt::format("column '{}'", printable(name));
}

std::string column_list(const Table& table) {
  std::string list;
  std::size_t named = 0;
  for (const std::string& column : table.columns) {
    if (!column.empty() && ++named <= kColumnsListed)
      list += fmt::format("{}'{}'", named == 1 ? "" : ", ", printable(column));
  }
  if (named > kColumnsListed) list += fmt::format(" and {} more", named - kColumnsListed);
  return list;
}

std::optional<std::size_t> optional_column(const Table& table, const std::string& name, Problems& problems) {
  const auto column = table.column(name);
  const auto count = std::count(table.columns.begin(), table.columns.end(), name);
  if (!column || count < 2) return column;
  const bool free = std::none_of(table.columns.begin(), table.columns.end(), [&](const std::string& other) {
    return other == name + ".0" || other == name + ".1";
  });
  problems.add(fmt::format("{}: {} columns are called '{}', expected one; {}", place(table), count, name,
                           free ? fmt::format("write {} for the first or {} for the second",
                                              quoted_if_needed(name + ".0"), quoted_if_needed(name + ".1"))
                                : "rename one of them in the table"));
  return std::nullopt;
}

std::optional<std::size_t> needed_column(const Table& table, const std::string& name, Problems& problems,
                                         const std::string& advice) {
  if (table.column(name)) return optional_column(table, name, problems);
  std::string what = header_below(table, name);
  if (what.empty()) what = advice.empty() ? meant(table, name) : "; " + advice;
  problems.add(fmt::format("{}: no column '{}', found {}{}", place(table), printable(name), column_list(table), what));
  return std::nullopt;
}

bool numbers_are_clear(const Table& table, std::size_t column, Problems& problems) {
  if (table.decimals.empty() || table.decimals[column].unclear.empty()) return true;
  problems.add(fmt::format("{}: column '{}' {}", table.path.string(), printable(table.columns[column]),
                           table.decimals[column].unclear));
  return false;
}

}  // namespace mtlgrid

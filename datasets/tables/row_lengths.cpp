#include "datasets/tables/row_lengths.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

#include "base/causes.h"
#include "base/quoting.h"
#include "base/text.h"
#include "datasets/tables/dialect.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kExamples = 3;

// Lengths of rows, by cause.
class Lengths {
 public:
  Lengths(std::size_t expected, char separator) : expected_(expected), separator_(separator) {}

  void add(const RawRow& row) {
    const std::size_t cells = row.cells.size();
    if (cells == expected_) {
      ++full_;
    } else if (expected_ > 1 && cells == 1) {
      faulty_ = true;
      causes_.add(fmt::format("lines that are not rows of the table: 1 cell, expected {} as in the header", expected_),
                  fmt::format("{} in row {}", in_quotes(cut_to(printable(row.cells[0]), 40)), row.line),
                  "remove lines above the header and notes below the table");
    } else {
      const std::string example = fmt::format("{} in row {}", cells, row.line);
      if (cells < expected_ && ++short_ <= kExamples) short_examples_.push_back(example);
      faulty_ = faulty_ || cells > expected_ || row.quotes_separators;
      causes_.add(fmt::format("rows of {} cells than the header, which has {}", cells > expected_ ? "more" : "fewer",
                              expected_),
                  example, advice(row));
    }
  }

  void report(Table& table, Problems& problems) const {
    if (short_ == 0 || faulty_ || full_ == 0) return causes_.report(table.path.string(), problems);
    table.inferences.push_back(
        fmt::format("{} fewer cells than the header, which has {} ({}{}): what they lack at the "
                    "end is read as missing",
                    short_ == 1 ? "1 row has" : fmt::format("{} rows have", short_), expected_,
                    fmt::join(short_examples_, ", "), short_ > short_examples_.size() ? ", ..." : ""));
  }

 private:
  std::string advice(const RawRow& row) const {
    if (row.cells.size() < expected_) {
      if (row.quotes_separators) return "a quote at the beginning of a cell joins it with the next one";
      return "empty cells need their separators too";
    }
    if (expected_ == 1) return "is the first row a title? The header must be the first row";
    return fmt::format("a cell with {} in it must be in quotes", separator_name(separator_));
  }

  const std::size_t expected_;
  const char separator_;
  std::size_t full_ = 0, short_ = 0;
  bool faulty_ = false;  // some lines are notes, some rows longer than the header or joined by quotes
  std::vector<std::string> short_examples_;
  Causes causes_;
};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Whether two neighbouring cells of every row may be one number with a decimal comma that is not in quotes: 0,53.
bool may_be_decimal_commas(const std::vector<RawRow>& rows) {
  for (std::size_t c = 0; c + 1 < rows.front().cells.size(); ++c) {
    const auto pair = [&](const RawRow& row) {
      std::string_view whole = row.cells[c];
      if (whole.starts_with('-')) whole.remove_prefix(1);
      return all_digits(whole) && all_digits(row.cells[c + 1]);
    };
    if (std::all_of(rows.begin(), rows.end(), pair)) return true;
  }
  return false;
}

// Whether the cells of a column are all different, and none is empty.
bool all_different(const std::vector<RawRow>& rows, std::size_t column) {
  std::set<std::string_view> seen;
  return std::all_of(rows.begin(), rows.end(), [&](const RawRow& row) {
    return !row.cells[column].empty() && seen.insert(row.cells[column]).second;
  });
}

bool first_cells_ascend(const std::vector<RawRow>& rows) {
  long long last = -1;
  return std::all_of(rows.begin(), rows.end(), [&](const RawRow& row) {
    const std::string& name = row.cells.front();
    const long long before = last;
    if (!all_digits(name) || name.size() > 15) return false;
    return (last = std::stoll(name)) > before;
  });
}

// Whether the first cells of `rows`, which are all one longer than the header, are certain to be row names. What else
// may be: commas in texts and decimal commas, which shift the cells behind them; tabs in texts are not to be expected.
bool have_row_names(const std::vector<RawRow>& rows, char separator, const std::string& sure_column,
                    const Table& table) {
  const std::vector<std::string>& names = table.columns;
  const auto is_sure = [&](const std::string& cell) { return cell == sure_column; };
  const auto names_it = [&](const RawRow& row) { return std::any_of(row.cells.begin(), row.cells.end(), is_sure); };
  if (names.size() < 2 || !all_different(rows, 0)) return false;
  if (std::any_of(rows.begin(), rows.end(), names_it)) return false;  // the header is a title
  if (separator == '\t') return true;
  const auto sure = static_cast<std::size_t>(std::find_if(names.begin(), names.end(), is_sure) - names.begin());
  if (sure == names.size()) return !may_be_decimal_commas(rows);
  const bool quoted = std::all_of(rows.begin(), rows.end(), [](const RawRow& row) { return row.quoted; });
  const bool ascend = first_cells_ascend(rows);
  const auto is_text = [&](const RawRow& row) { return !all_digits(row.cells[sure + 1]); };
  // Numbers in quotes before names that tell the rows apart: R writes so, whatever the other columns are.
  if (ascend && quoted && all_different(rows, sure + 1) && std::all_of(rows.begin(), rows.end(), is_text)) return true;
  return (ascend || quoted) && !may_be_decimal_commas(rows);
}

bool end_empty(const std::vector<RawRow>& rows) {
  return std::all_of(rows.begin(), rows.end(), [](const RawRow& row) { return row.cells.back().empty(); });
}

// Reads rows of which every one has one cell more than the header, or says what they may be.
void fit_longer_rows(const std::vector<RawRow>& rows, char separator, const std::string& sure_column, Table& table,
                     Problems& problems) {
  const std::string file = table.path.string();
  const std::size_t expected = table.columns.size();
  if (end_empty(rows)) {
    return problems.add(
        fmt::format("{}: every row has {} cells and ends with an empty one, the header has {}; remove the separator at "
                    "the end of each row, or add one to the header",
                    file, expected + 1, expected));
  }
  if (have_row_names(rows, separator, sure_column, table)) {
    table.columns.insert(table.columns.begin(), "");
    table.inferences.push_back(
        fmt::format("the header lacks a name for the first column, as of row names in R: it has {}, every row {} cells",
                    expected, expected + 1));
    return;
  }
  problems.add(
      fmt::format("{}: every row has {} cells, the header has {}; if rows begin with row names, as of R, write a name "
                  "for them into "
                  "the header; otherwise a cell with {} in it must be in quotes",
                  file, expected + 1, expected, separator_name(separator)));
}

}  // namespace

void fit_rows(const std::vector<RawRow>& rows, char separator, const std::string& sure_column, Table& table,
              Problems& problems) {
  const std::size_t expected = table.columns.size();
  const auto one_more = [&](const RawRow& row) { return row.cells.size() == expected + 1; };
  if (!rows.empty() && std::all_of(rows.begin(), rows.end(), one_more) && (expected > 1 || end_empty(rows))) {
    return fit_longer_rows(rows, separator, sure_column, table, problems);
  }
  Lengths lengths(expected, separator);
  for (const RawRow& row : rows) lengths.add(row);
  lengths.report(table, problems);
}

}  // namespace mtlgrid

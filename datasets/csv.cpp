#include "datasets/csv.h"

#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/causes.h"
#include "base/errors.h"
#include "base/quoting.h"
#include "base/text.h"
#include "datasets/decimals.h"
#include "datasets/dialect.h"
#include "datasets/encoding.h"
#include "datasets/lines.h"

namespace mtlgrid {
namespace {

using Cells = std::vector<std::string>;
struct RawRow {
  std::size_t line;
  Cells cells;
};

// Owns a libcsv parser. It is fed line by line, so that row numbers are those that an editor shows.
class Parser {
 public:
  explicit Parser(char separator) {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
    csv_set_delim(&parser_, static_cast<unsigned char>(separator));
    csv_set_space_func(&parser_, [](unsigned char) { return 0; });  // pandas trims nothing
  }
  ~Parser() { csv_free(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Parses one line. Returns libcsv's message if the line is malformed, empty otherwise.
  std::string feed(std::string_view line, std::size_t number) {
    const bool blank = line.find_first_not_of("\r\n") == std::string_view::npos;
    if (!open_ && !blank) {
      open_ = true;
      current_.line = number;
    }
    if (csv_parse(&parser_, line.data(), line.size(), on_cell, on_row, this) == line.size()) return "";
    return failure();
  }
  // Ends the last row, which may lack a line ending.
  std::string finish() { return csv_fini(&parser_, on_cell, on_row, this) == 0 ? "" : failure(); }

  std::size_t open_line() const { return current_.line; }
  std::vector<RawRow> take_rows() { return std::move(rows_); }

 private:
  static void on_cell(void* cell, std::size_t size, void* self) {
    static_cast<Parser*>(self)->current_.cells.emplace_back(static_cast<const char*>(cell), size);
  }
  static void on_row(int, void* self) { static_cast<Parser*>(self)->end_row(); }
  void end_row() {
    rows_.push_back(std::exchange(current_, {}));
    open_ = false;
  }
  std::string failure() {
    if (csv_error(&parser_) != CSV_EPARSE) throw std::bad_alloc();  // the other codes: CSV_ENOMEM, CSV_ETOOBIG
    return csv_strerror(csv_error(&parser_));
  }

  csv_parser parser_;
  std::vector<RawRow> rows_;
  RawRow current_{0, {}};
  bool open_ = false;
};

// Parses the rows from the header on. A malformed quote ends the parsing and is a problem.
std::vector<RawRow> parse_rows(std::string_view text, const Dialect& dialect, const std::string& file,
                               Problems& problems) {
  Parser parser(dialect.separator);
  text.remove_prefix(dialect.header);
  for (std::size_t number = dialect.header_line; !text.empty(); ++number) {
    if (const std::string what = parser.feed(take_line(text), number); !what.empty()) {
      problems.add(
          fmt::format("{}, row {}: malformed quotes ({}), expected quotes around a whole cell, doubled inside it", file,
                      number, what));
      return parser.take_rows();
    }
  }
  if (!parser.finish().empty()) {
    problems.add(fmt::format("{}, row {}: a quote is opened and never closed, expected a closing quote", file,
                             parser.open_line()));
  }
  return parser.take_rows();
}

// pandas skips lines of white space alone.
bool is_blank(const RawRow& row) {
  return row.cells.size() == 1 && !row.cells[0].empty() && row.cells[0].find_first_not_of(" \t") == std::string::npos;
}

Table::Row typed(RawRow&& raw, const std::vector<std::string>& missing) {
  Table::Row row{raw.line, {}};
  row.cells.reserve(raw.cells.size());
  for (auto& cell : raw.cells) {
    if (is_missing(cell) || std::find(missing.begin(), missing.end(), cell) != missing.end()) {
      row.cells.emplace_back(std::nullopt);
    } else {
      row.cells.emplace_back(std::move(cell));
    }
  }
  return row;
}

// Rows that do not have as many cells as the header, by cause.
class Lengths {
 public:
  Lengths(std::size_t expected, char separator) : expected_(expected), separator_(separator) {}

  void add(const RawRow& row) {
    const std::size_t cells = row.cells.size();
    if (cells == expected_ + 1 && row.cells.back().empty()) ++one_more_;
    if (expected_ > 1 && cells == 1) {
      causes_.add(fmt::format("lines that are not rows of the table: 1 cell, expected {} as in the header", expected_),
                  fmt::format("{} in row {}", in_quotes(cut_to(printable(row.cells[0]), 40)), row.line),
                  "remove lines above the header and notes below the table");
    } else {
      causes_.add(fmt::format("rows of {} cells than the header, which has {}", cells > expected_ ? "more" : "fewer",
                              expected_),
                  fmt::format("{} in row {}", cells, row.line), advice(cells));
    }
  }

  // `rows`: of the whole table.
  void report(std::size_t rows, const std::string& file, Problems& problems) const {
    if (one_more_ == rows && rows > 0) {
      return problems.add(
          fmt::format("{}: every row has {} cells and ends with an empty one, the header has {}; remove the separator "
                      "at the end of each row, or add one to the header",
                      file, expected_ + 1, expected_));
    }
    causes_.report(file, problems);
  }

 private:
  std::string advice(std::size_t cells) const {
    if (cells < expected_) return "empty cells need their separators too";
    if (expected_ == 1) return "is the first row a title? The header must be the first row";
    return fmt::format("a cell with {} in it must be in quotes", separator_name(separator_));
  }

  const std::size_t expected_;
  const char separator_;
  std::size_t one_more_ = 0;
  Causes causes_;
};

void take_header(RawRow& header, const Dialect& dialect, Table& table, Problems& problems) {
  if (dialect.header_signed) {
    std::string& first = header.cells.front();
    first.erase(0, std::min(first.find_first_not_of("# "), first.size()));
  }
  const auto has_name = [](const std::string& name) { return !name.empty(); };
  if (std::none_of(header.cells.begin(), header.cells.end(), has_name)) {
    problems.add(fmt::format("{}, row {}: no column has a name", table.path.string(), header.line));
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
  std::vector<RawRow> rows = parse_rows(utf8, dialect, file, problems);
  std::erase_if(rows, is_blank);
  if (rows.empty() && problems.empty()) {
    throw InputError(fmt::format("{}: {}, expected a header row and rows below it", file,
                                 dialect.comments.empty() ? "empty" : "every line begins with '#'"));
  }
  problems.throw_if_any();

  take_header(rows.front(), dialect, table, problems);
  for (const std::string& comment : dialect.comments) {
    std::string_view line(comment);
    line.remove_prefix(1);
    table.comments.push_back(take_row(line, dialect.separator));
  }
  Lengths lengths(table.columns.size(), dialect.separator);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].cells.size() == table.columns.size()) {
      table.rows.push_back(typed(std::move(rows[i]), rules.missing));
    } else {
      lengths.add(rows[i]);
    }
  }
  lengths.report(rows.size() - 1, file, problems);
  if (rows.size() == 1) problems.add(file + ": a header and nothing below it, expected at least one row");
  problems.throw_if_any();
  find_decimals(table, dialect.separator);
  return table;
}

}  // namespace mtlgrid

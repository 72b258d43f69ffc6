#include "datasets/csv.h"

#include <csv.h>
#include <fmt/core.h>
#include <utf8.h>

#include <new>
#include <set>
#include <utility>

#include "base/errors.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kBadTextShown = 20;  // a Latin-1 file would otherwise give one problem for nearly every row

using Cells = std::vector<std::string>;
struct RawRow {
  std::size_t line;
  Cells cells;
};

// Owns a libcsv parser. It is fed line by line, so that row numbers are those that an editor shows.
class Parser {
 public:
  Parser() {
    if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
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

// Removes the next line, ending included, from `text` and returns it: \n, \r\n or \r as libcsv sees them.
std::string_view take_line(std::string_view& text) {
  std::size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) {
    end = text.size();
  } else {
    end += text.substr(end, 2) == "\r\n" ? 2 : 1;
  }
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  return line;
}

std::vector<RawRow> parse_rows(std::string_view text, const std::string& file, Problems& problems) {
  Parser parser;
  std::size_t number = 0, bad_text = 0;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    ++number;
    const bool valid = utf8::is_valid(line.begin(), line.end()) && line.find('\0') == std::string_view::npos;
    if (!valid && ++bad_text <= kBadTextShown) {
      problems.add(fmt::format("{}, row {}: bytes that are not UTF-8 text, expected UTF-8", file, number));
    }
    if (const std::string what = parser.feed(line, number); !what.empty()) {
      problems.add(
          fmt::format("{}, row {}: malformed quotes ({}), expected quotes around a whole cell, doubled inside it", file,
                      number, what));
      return parser.take_rows();
    }
  }
  if (bad_text > kBadTextShown) {
    problems.add(fmt::format("{}: {} more rows are not UTF-8 text", file, bad_text - kBadTextShown));
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

void check_header(const RawRow& header, const std::string& file, Problems& problems) {
  std::set<std::string> seen;
  for (const auto& name : header.cells) {
    if (!name.empty() && !seen.insert(name).second) {
      problems.add(
          fmt::format("{}, row {}: column '{}' occurs twice, expected different names", file, header.line, name));
    }
  }
  if (seen.empty()) problems.add(fmt::format("{}, row {}: no column has a name", file, header.line));
}

Table::Row typed(RawRow&& raw) {
  Table::Row row{raw.line, {}};
  row.cells.reserve(raw.cells.size());
  for (auto& cell : raw.cells) {
    if (is_missing(cell)) {
      row.cells.emplace_back(std::nullopt);
    } else {
      row.cells.emplace_back(std::move(cell));
    }
  }
  return row;
}

}  // namespace

Table parse_csv(std::string_view text, const std::filesystem::path& path) {
  const std::string file = path.string();
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    throw InputError(file + ", row 1: UTF-16 text, expected UTF-8 (save it again as csv UTF-8)");
  }
  Problems problems;
  std::vector<RawRow> rows = parse_rows(text, file, problems);
  std::erase_if(rows, is_blank);
  if (rows.empty() && problems.empty()) throw InputError(file + ": empty, expected a header row and rows below it");
  problems.throw_if_any();

  Table table;
  table.path = path;
  check_header(rows.front(), file, problems);
  table.columns = std::move(rows.front().cells);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].cells.size() != table.columns.size()) {
      problems.add(fmt::format("{}, row {}: {} cells, expected {} as in the header", file, rows[i].line,
                               rows[i].cells.size(), table.columns.size()));
      continue;
    }
    table.rows.push_back(typed(std::move(rows[i])));
  }
  if (rows.size() == 1) problems.add(file + ": a header and nothing below it, expected at least one row");
  problems.throw_if_any();
  return table;
}

}  // namespace mtlgrid

#include "results/tables/table_workbook.h"

#include <fmt/format.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "base/errors.h"
#include "base/files.h"
#include "base/text.h"
#include "base/whole_file.h"
#include "results/tables/table_text.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestText = 32'000;      // characters; Excel's cells have at most 32,767
constexpr std::time_t kMade = 1'704'067'200;      // 2024-01-01: a workbook says when it was made
constexpr double kMethodWidth = 24, kWidth = 10;  // of columns, in characters

// A folder of this process alone for what the library writes.
class ScratchFolder {
 public:
  ScratchFolder() : path_((fs::temp_directory_path() / "mtlgrid-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw FileError(path_, "cannot be made", errno);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string& path() { return path_; }

 private:
  std::string path_;
};

void check(lxw_error error) {
  if (error == LXW_NO_ERROR) return;
  throw Error(ErrorKind::needs_person, fmt::format("{}: a workbook cannot be written: {}; is the disk full?",
                                                   fs::temp_directory_path().string(), lxw_strerror(error)));
}

class Book {
 public:
  Book() : file_(scratch_.path() + "/table.xlsx"), book_(opened(), lxw_workbook_free) {
    if (!book_) throw Error(ErrorKind::needs_person, file_ + ": a workbook cannot be begun");
    lxw_doc_properties properties{};
    properties.created = kMade;
    check(workbook_set_properties(book_.get(), &properties));
  }

  lxw_worksheet* sheet(const char* name) {
    lxw_worksheet* made = workbook_add_worksheet(book_.get(), name);
    if (made == nullptr) throw Error(ErrorKind::fatal, fmt::format("no sheet '{}' in a new workbook", name));
    return made;
  }

  lxw_format* format(bool bold, const std::string& number = "") {
    lxw_format* made = workbook_add_format(book_.get());
    if (bold) format_set_bold(made);
    if (!number.empty()) format_set_num_format(made, number.c_str());
    return made;
  }

  // Nothing can be added afterwards.
  std::string bytes() {
    check(workbook_close(book_.release()));
    return read_whole_file(file_, "a workbook");
  }

 private:
  lxw_workbook* opened() {
    lxw_workbook_options options{};
    options.tmpdir = scratch_.path().data();
    return workbook_new_opt(file_.c_str(), &options);
  }

  ScratchFolder scratch_;
  std::string file_;
  std::unique_ptr<lxw_workbook, decltype(&lxw_workbook_free)> book_;
};

// A sheet that is filled cell by cell; an absent number and an empty text leave the cell empty.
class Sheet {
 public:
  explicit Sheet(lxw_worksheet* sheet) : sheet_(sheet) {}

  void text(std::size_t row, std::size_t column, std::string_view text, lxw_format* format = nullptr) {
    if (text.empty()) return;
    const std::string shown = cut_to(one_line(text), kLongestText);
    check(worksheet_write_string(sheet_, row_of(row), column_of(column), shown.c_str(), format));
  }
  void number(std::size_t row, std::size_t column, double number, lxw_format* format = nullptr) {
    if (!std::isfinite(number)) return;
    check(worksheet_write_number(sheet_, row_of(row), column_of(column), number, format));
  }
  // One text over the columns [first, end).
  void heading(std::size_t row, std::size_t first, std::size_t end, const std::string& label, lxw_format* format) {
    if (end - first < 2) return text(row, first, label, format);
    check(worksheet_merge_range(sheet_, row_of(row), column_of(first), row_of(row), column_of(end - 1),
                                cut_to(one_line(label), kLongestText).c_str(), format));
  }
  void widths(std::size_t first, std::size_t last, double width) {
    check(worksheet_set_column(sheet_, column_of(first), column_of(last), width, nullptr));
  }
  void freeze(std::size_t row, std::size_t column) { worksheet_freeze_panes(sheet_, row_of(row), column_of(column)); }

 private:
  static lxw_row_t row_of(std::size_t row) { return static_cast<lxw_row_t>(row); }
  static lxw_col_t column_of(std::size_t column) { return static_cast<lxw_col_t>(column); }
  lxw_worksheet* sheet_;
};

// What stands below each heading of the table.
struct Part {
  const char* name;
  double (*number)(const TableValue& value);
  bool decimals;  // shown with those of the table
};

std::vector<Part> parts_of(const PaperTable& table) {
  const auto any = [&](auto&& has) {
    return std::any_of(table.values.begin(), table.values.end(),
                       [&](const auto& row) { return std::any_of(row.begin(), row.end(), has); });
  };
  std::vector<Part> parts = {{"value", [](const TableValue& v) { return v.value; }, true}};
  if (any([](const TableValue& v) { return !std::isnan(v.ci_low); })) {
    parts.push_back({"CI low", [](const TableValue& v) { return v.ci_low; }, true});
    parts.push_back({"CI high", [](const TableValue& v) { return v.ci_high; }, true});
  }
  if (any([](const TableValue& v) { return v.stars > 0; })) {
    parts.push_back({"stars", [](const TableValue& v) { return static_cast<double>(v.stars); }, false});
  }
  if (any([](const TableValue& v) { return v.have < v.want; })) {
    parts.push_back({"cells", [](const TableValue& v) { return static_cast<double>(v.have); }, false});
    parts.push_back({"of cells", [](const TableValue& v) { return static_cast<double>(v.want); }, false});
  }
  return parts;
}

void write_table(Book& book, const PaperTable& table) {
  Sheet sheet(book.sheet("table"));
  const std::vector<Part> parts = parts_of(table);
  const std::string number =
      table.decimals > 0 ? "0." + std::string(static_cast<std::size_t>(table.decimals), '0') : "0";
  lxw_format* const bold = book.format(true);
  lxw_format* const plain_number = book.format(false, number);
  lxw_format* const best_number = book.format(true, number);
  sheet.text(0, 0, table.caption);
  const std::size_t top = 2, last_heading = top + table.header.size(), first = last_heading + 1;
  for (std::size_t level = 0; level < table.header.size(); ++level) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      sheet.heading(top + level, 1 + c * parts.size(), 1 + (c + 1) * parts.size(), table.header[level][c], bold);
    }
  }
  sheet.text(last_heading, 0, "Method", bold);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const std::size_t column = 1 + c * parts.size() + p;
      sheet.text(last_heading, column, parts[p].name, bold);
      for (std::size_t m = 0; m < table.methods.size(); ++m) {
        const TableValue& value = table.values[m][c];
        lxw_format* const format = value.best && p == 0 ? best_number : plain_number;
        sheet.number(first + m, column, parts[p].number(value), parts[p].decimals ? format : nullptr);
      }
    }
  }
  for (std::size_t m = 0; m < table.methods.size(); ++m) sheet.text(first + m, 0, table.methods[m]);
  for (std::size_t n = 0; n < table.notes.size(); ++n) {
    sheet.text(first + table.methods.size() + 1 + n, 0, table.notes[n]);
  }
  sheet.widths(0, 0, kMethodWidth);
  if (!table.columns.empty()) sheet.widths(1, table.columns.size() * parts.size(), kWidth);
  sheet.freeze(first, 1);
}

void write_values(Book& book, const PaperTable& table) {
  Sheet sheet(book.sheet("values"));
  for (std::size_t c = 0; c < kValueColumns.size(); ++c) sheet.text(0, c, kValueColumns[c]);
  std::size_t row = 0;
  for (std::size_t m = 0; m < table.methods.size(); ++m) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const TableColumn& column = table.columns[c];
      const TableValue& v = table.values[m][c];
      ++row;
      std::size_t at = 0;
      for (const std::string& text : {name_in_values(table), table.methods[m], column.biomarker, column.cohort,
                                      column.auxiliary, column.metric}) {
        sheet.text(row, at++, text);
      }
      for (const double number : {v.value, v.ci_low, v.ci_high, static_cast<double>(v.have),
                                  static_cast<double>(v.want), v.best ? 1.0 : 0.0, static_cast<double>(v.stars)}) {
        sheet.number(row, at++, number);
      }
      if (column.fold) sheet.number(row, at, *column.fold);
      if (column.repeat) sheet.number(row, at + 1, *column.repeat);
    }
  }
  sheet.freeze(1, 0);
}

}  // namespace

std::string render_workbook(const PaperTable& table) {
  Book book;
  write_table(book, table);
  write_values(book, table);
  return book.bytes();
}

}  // namespace mtlgrid

#include "datasets/tables/sheet_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/nearest.h"
#include "base/quoting.h"
#include "base/text.h"
#include "datasets/tables/decimals.h"
#include "datasets/tables/table_file.h"
#include "datasets/tables/table_rows.h"
#include "datasets/workbooks/workbook.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kMostCells = 50'000'000;  // of rows as wide as the widest; guessed: 2 GB
constexpr std::size_t kSheetsListed = 12;

// A sheet's name for messages; Excel's have at most 31 characters.
std::string shown(const std::string& name) { return cut_to(printable(name), 60); }

std::string sheet_list(const std::vector<Workbook::Sheet>& sheets, const std::string& but = "") {
  std::string list;
  std::size_t count = 0;
  for (const Workbook::Sheet& sheet : sheets) {
    if (!but.empty() && sheet.name == but) continue;
    if (++count > kSheetsListed) continue;
    list += fmt::format("{}'{}'{}", list.empty() ? "" : ", ", shown(sheet.name), sheet.hidden ? " (hidden)" : "");
  }
  if (count > kSheetsListed) list += fmt::format(" and {} more", count - kSheetsListed);
  return list;
}

// How a configuration names this sheet of the table's file.
std::string written(const Table& table, const Workbook::Sheet& sheet) {
  const std::string file = table_file(table.path).file.filename().string();
  return quoted_if_needed(fmt::format("{}#{}", printable(file), shown(sheet.name)));
}

std::size_t chosen_sheet(const Workbook& workbook, const std::optional<std::string>& name, Table& table) {
  const std::vector<Workbook::Sheet>& sheets = workbook.sheets();
  std::size_t chosen = 0;
  if (name) {
    const auto found =
        std::find_if(sheets.begin(), sheets.end(), [&](const Workbook::Sheet& s) { return s.name == *name; });
    if (found == sheets.end()) {
      std::vector<std::string> names;
      for (const Workbook::Sheet& sheet : sheets) names.push_back(sheet.name);
      throw InputError(fmt::format("no sheet '{}', found {}{}", printable(*name), sheet_list(sheets),
                                   printable(suggestion(*name, names))));
    }
    chosen = static_cast<std::size_t>(found - sheets.begin());
  }
  const Workbook::Sheet& sheet = sheets[chosen];
  std::string said = fmt::format("read from sheet '{}'{}", shown(sheet.name), sheet.hidden ? ", which is hidden" : "");
  if (sheets.size() == 1) {
    said += ", the only one";
  } else {
    said += fmt::format("{}; also there: {}", name ? "" : ", the first", sheet_list(sheets, sheet.name));
    if (!name) {
      said += fmt::format(" (to read another, write e.g. {})", written(table, sheets[1]));
    }
  }
  table.inferences.push_back(said);
  return chosen;
}

// "; the workbook also has sheets ..., write FILE#SHEET", where there are others.
std::string other_sheets(const Workbook& workbook, std::size_t chosen, const Table& table) {
  const std::vector<Workbook::Sheet>& sheets = workbook.sheets();
  if (sheets.size() == 1) return "";
  return fmt::format(" in sheet '{}'; also there: {}, which are written {}", shown(sheets[chosen].name),
                     sheet_list(sheets, sheets[chosen].name), written(table, sheets[chosen == 0 ? 1 : 0]));
}

// Takes the rows of a sheet: comments, the header, and what is below it.
class TableOfRows {
 public:
  // `others`: what to say where the sheet has no table.
  TableOfRows(const TableRules& rules, std::string others, Table& table)
      : rules_(rules), others_(std::move(others)), table_(table) {}

  void take(SheetRow& row) {
    if (has_header_) return append(row);
    if (begins_with_sign(row)) {
      comments_.push_back(std::move(row));
      return;
    }
    const bool above = !comments_.empty() && !names_sure_column(row) && names_sure_column(comments_.back());
    if (above) take_signed_header();
    note_comments();
    if (above) return append(row);
    take_header(row);
  }

  void finish() {
    if (!has_header_ && !comments_.empty() && names_sure_column(comments_.back())) {
      take_signed_header();
      note_comments();
    }
    if (!has_header_) {
      throw InputError((comments_.empty() ? "the sheet is empty, expected a header row and rows below it"
                                          : "every row begins with '#', expected a header row and rows below it") +
                       others_);
    }
    if (table_.rows.empty()) {
      throw InputError("a header and nothing below it, expected at least one row" + others_);
    }
    const std::size_t width = table_.columns.size();
    if (table_.rows.size() > kMostCells / width) {
      throw InputError(
          fmt::format("has {} rows and {} columns, more than {} cells: are there cells far from the table?",
                      table_.rows.size(), width, kMostCells));
    }
    for (Table::Row& row : table_.rows) row.cells.resize(width);
    find_decimals(table_, '\t', numbers_);
  }

 private:
  static bool begins_with_sign(const SheetRow& row) {
    return row.cells.front().kind == SheetCell::Kind::text && row.cells.front().text.starts_with('#');
  }

  static std::vector<std::string> texts(const SheetRow& row) {
    std::vector<std::string> out;
    for (const SheetCell& cell : row.cells) out.push_back(cell.kind == SheetCell::Kind::error ? "" : cell.text);
    return out;
  }

  // With or without the '#' before its first cell.
  bool names_sure_column(const SheetRow& row) const {
    if (rules_.sure_column.empty()) return false;
    std::vector<std::string> cells = texts(row);
    cells.push_back(std::string(without_sign(cells.front())));
    return among(cells, rules_.sure_column);
  }

  void take_header(const SheetRow& row) {
    has_header_ = true;
    table_.header_line = row.number;
    table_.columns = texts(row);
  }

  // The last comment is the header.
  void take_signed_header() {
    take_header(comments_.back());
    comments_.pop_back();
    if (among(table_.columns, rules_.sure_column)) return;  // as it is
    table_.columns.front() = std::string(without_sign(table_.columns.front()));
    table_.inferences.push_back(fmt::format("row {} begins with '#' and is the header, as it names '{}'",
                                            table_.header_line, rules_.sure_column));
  }

  void note_comments() {
    if (comments_.empty()) return;
    const std::size_t first = comments_.front().number, last = comments_.back().number;
    const std::string where = first == last ? fmt::format("row {}", first) : fmt::format("rows {} to {}", first, last);
    table_.inferences.push_back(fmt::format("skipped above the header as comments: {}, beginning with '#'", where));
    for (const SheetRow& row : comments_) {
      table_.comments.push_back(texts(row));
      table_.comments.back().front().erase(0, 1);
    }
    comments_.clear();
  }

  void append(SheetRow& row) {
    Table::Row& own = table_.rows.emplace_back(Table::Row{row.number, {}});
    if (table_.columns.size() < row.cells.size()) table_.columns.resize(row.cells.size());  // columns without a name
    own.cells.reserve(table_.columns.size());
    for (SheetCell& cell : row.cells) {
      if (cell.kind == SheetCell::Kind::number) note_number(own.cells.size());
      if (cell.kind == SheetCell::Kind::error) {
        ++table_.read_as_missing[own.cells.size()][cell.text];
        own.cells.emplace_back(std::nullopt);
      } else {
        append_cell(std::move(cell.text), rules_.missing, table_, own);
      }
    }
  }

  void note_number(std::size_t column) {
    if (numbers_.size() <= column) numbers_.resize(column + 1);
    numbers_[column].resize(table_.rows.size());
    numbers_[column].back() = true;
  }

  const TableRules& rules_;
  const std::string others_;
  Table& table_;
  std::vector<SheetRow> comments_;
  bool has_header_ = false;
  NumberCells numbers_;
};

std::string said(const NotedCells& cells) {
  std::string examples;
  for (const std::string& example : cells.examples) {
    if (!example.empty()) examples += (examples.empty() ? "" : ", ") + example;
  }
  return examples + (cells.count > cells.examples.size() ? ", ..." : "");
}

void add_notes(const SheetNotes& notes, Table& table) {
  const auto count = [](const NotedCells& cells, const char* noun) {
    return counted(static_cast<std::int64_t>(cells.count), noun);
  };
  if (notes.uncomputed.count > 0) {
    table.inferences.push_back(fmt::format(
        "{} without a stored value, read as missing ({}): open the workbook in Excel or LibreOffice and save it",
        count(notes.uncomputed, "formula"), said(notes.uncomputed)));
  }
  if (notes.out_of_dates.count > 0) {
    table.inferences.push_back(fmt::format("{} formatted as dates that no calendar has, read as missing ({})",
                                           count(notes.out_of_dates, "number"), said(notes.out_of_dates)));
  }
  if (notes.merged.count > 0) {
    table.inferences.push_back(
        fmt::format("{} of merged cells ({}): the value belongs to the first cell, the others are read as empty",
                    count(notes.merged, "range"), said(notes.merged)));
  }
}

}  // namespace

Table parse_workbook(std::string bytes, const std::filesystem::path& path, const std::optional<std::string>& sheet,
                     const TableRules& rules) {
  Table table;
  table.path = path;
  try {
    const Workbook workbook(std::move(bytes));
    const std::size_t chosen = chosen_sheet(workbook, sheet, table);
    TableOfRows rows(rules, other_sheets(workbook, chosen, table), table);
    const SheetNotes notes = workbook.read(chosen, [&](SheetRow& row) { rows.take(row); });
    rows.finish();
    add_notes(notes, table);
  } catch (const InputError& e) {
    Problems problems;
    for (const std::string& line : e.problems()) problems.add(fmt::format("{}: {}", path.string(), line));
    problems.throw_if_any();
  }
  return table;
}

}  // namespace mtlgrid

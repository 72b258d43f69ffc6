#include "orchestrator/proposal/joinable.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "base/text.h"
#include "datasets/tables/table_file.h"
#include "orchestrator/proposal/known_columns.h"

namespace mtlgrid {
namespace {

std::set<std::string> signatures_in(const Table& table) {
  std::set<std::string> out;
  for (const std::string& column : table.columns) {
    if (const std::string signature = signature_of(column); !signature.empty()) out.insert(signature);
  }
  return out;
}

// The column that has most of the names, if it has half of them.
std::optional<std::size_t> column_with(const std::set<std::string_view>& names, const Table& table) {
  std::size_t best = 0, most = 0;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::set<std::string_view> found;
    for (const Table::Row& row : table.rows) {
      if (row.cells[column] && names.contains(*row.cells[column])) found.insert(*row.cells[column]);
    }
    if (found.size() > most) best = column, most = found.size();
  }
  return most * 2 >= names.size() && most > 0 ? std::optional(best) : std::nullopt;
}

std::string python_text(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\\' || c == '\'' ? std::string{'\\', c} : std::string{c};
  return "'" + out + "'";
}

// "p.read_excel('mmc2.xlsx', sheet_name='S', dtype=str)".
std::string reading(const Table& table) {
  const TableFile of = table_file(table.path);
  const std::string name = python_text(of.file.string());
  if (of.file.extension() == ".csv") return fmt::format("p.read_csv({}, dtype=str)", name);
  if (of.file.extension() != ".xlsx") return fmt::format("p.read_csv({}, sep='\\t', dtype=str)", name);
  return fmt::format("p.read_excel({}{}, dtype=str)", name, of.sheet ? ", sheet_name=" + python_text(*of.sheet) : "");
}

}  // namespace

std::vector<std::string> joinable_signatures(const CohortGuess& cohort, const std::vector<Table>& tables) {
  const Table& clini = *cohort.assignment.clini;
  const std::size_t patients = cohort.assignment.patient_column;
  const std::set<std::string> own = signatures_in(clini);
  std::set<std::string_view> names;
  for (const std::size_t row : cohort.assignment.rows) names.insert(*clini.rows[row].cells[patients]);
  std::vector<std::string> out;
  for (const Table& table : tables) {
    std::vector<std::string> more;
    const std::set<std::string> theirs = signatures_in(table);
    std::set_difference(theirs.begin(), theirs.end(), own.begin(), own.end(), std::back_inserter(more));
    const auto column = &table == &clini || more.empty() ? std::nullopt : column_with(names, table);
    if (!column) continue;
    const std::string joined = table_file(clini.path).file.stem().string() + "-joined.csv";
    out.push_back(fmt::format(
        "{} has {} of these patients, which the clinical table has not; to use them, join both and name the joined "
        "table as clini: python3 -c \"import pandas as p; {}.merge({}, how='left', left_on={}, right_on={}).to_csv({}, "
        "index=False)\"",
        printable(table.path.filename().string()), fmt::join(more, ", "), reading(clini), reading(table),
        python_text(clini.columns[patients]), python_text(table.columns[*column]),
        python_text((clini.path.parent_path() / joined).string())));
  }
  return out;
}

}  // namespace mtlgrid

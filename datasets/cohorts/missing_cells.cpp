#include "datasets/cohorts/missing_cells.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "datasets/cohorts/classes.h"
#include "datasets/cohorts/number_faults.h"
#include "datasets/tables/seen_values.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kColumnsShown = 6;  // that the line names

// What was found in the auxiliary columns.
struct MissingCells {
  SeenValues values;
  std::vector<std::pair<std::string, std::size_t>> columns;  // that have such cells, and how many
};

MissingCells missing_cells(const Cohort& cohort, const std::vector<CohortUse>& uses) {
  MissingCells out;
  std::vector<std::string> done;
  for (const CohortUse& use : uses) {
    const auto column = cohort.clini.column(use.auxiliary_column);
    if (!column || std::find(done.begin(), done.end(), use.auxiliary_column) != done.end()) continue;
    done.push_back(use.auxiliary_column);
    std::vector<CohortUse> same;  // of this column, by all biomarkers
    std::copy_if(uses.begin(), uses.end(), std::back_inserter(same),
                 [&](const CohortUse& u) { return u.auxiliary_column == use.auxiliary_column; });
    std::size_t count = 0;
    for (const Patient& patient : cohort.patients) {
      const Table::Row& row = cohort.clini.rows[patient.clini_row];
      const auto& cell = row.cells[*column];
      if (!cell || cohort.clini.number(*column, *cell) || number_fault(*cell) != NumberFault::missing) continue;
      if (!may_be_used(cohort.clini, patient.clini_row, same)) continue;
      out.values.add(*cell, row.line);
      ++count;
    }
    if (count > 0) out.columns.emplace_back(use.auxiliary_column, count);
  }
  return out;
}

std::string named(const std::vector<std::pair<std::string, std::size_t>>& columns) {
  if (columns.size() == 1) return fmt::format("column '{}'", columns.front().first);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(columns.size(), kColumnsShown); ++i) {
    parts.push_back(fmt::format("'{}' ({})", columns[i].first, columns[i].second));
  }
  const std::size_t more = columns.size() - parts.size();
  return fmt::format("columns {}{}", fmt::join(parts, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

std::vector<std::string> unread_missing(const Cohort& cohort, const std::vector<CohortUse>& uses,
                                        const std::vector<LabelRule>& rules) {
  std::vector<std::string> spellings;
  const auto add = [&](const std::vector<SeenValue>& values) {
    for (const SeenValue& v : values) {
      if (std::find(spellings.begin(), spellings.end(), v.value) == spellings.end()) spellings.push_back(v.value);
    }
  };
  add(missing_cells(cohort, uses).values.sorted());
  for (const LabelRule& rule : rules) add(values_of_no_class(cohort, rule));
  return spellings;
}

void check_missing_cells(const Cohort& cohort, const std::vector<CohortUse>& uses, Problems& problems) {
  const MissingCells found = missing_cells(cohort, uses);
  if (found.values.empty()) return;
  const std::size_t cells = found.values.total();
  const auto sorted = found.values.sorted();
  std::vector<std::string> spellings;
  for (const SeenValue& v : sorted) spellings.push_back(v.value);
  problems.add(fmt::format("{}, {}: {}: {}; if this means a missing value, {}", cohort.clini.path.string(),
                           named(found.columns),
                           cells == 1 ? "1 cell is not a number" : fmt::format("{} cells are not numbers", cells),
                           listed(sorted, "time"), how_to_read_as_missing(cohort, spellings)));
}

}  // namespace mtlgrid

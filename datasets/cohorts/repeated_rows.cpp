#include "datasets/cohorts/repeated_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kRowExamples = 3, kDifferingShown = 4;  // that a line shows

std::string shown(const std::optional<std::string>& cell) { return cell ? "'" + printable(*cell) + "'" : "no value"; }

// The patient that a row repeats; nullptr for a patient's first row and for patients who are not used.
const Patient* repeated(const Cohort& cohort, std::size_t row, std::size_t names) {
  const auto& name = cohort.clini.rows[row].cells[names];
  if (!name) return nullptr;
  const auto patient = std::lower_bound(cohort.patients.begin(), cohort.patients.end(), *name,
                                        [](const Patient& p, const std::string& n) { return p.name < n; });
  if (patient == cohort.patients.end() || patient->name != *name || patient->clini_row == row) return nullptr;
  return &*patient;
}

}  // namespace

void check_repeated_rows(const Cohort& cohort, const std::vector<std::string>& columns, Problems& problems) {
  const auto names = cohort.clini.column(cohort.files.patient_column);
  std::set<std::string> patients;
  std::vector<std::string> differing, examples;  // columns in the order in which they were found
  for (std::size_t i = 0; names && i < cohort.clini.rows.size(); ++i) {
    const Patient* patient = repeated(cohort, i, *names);
    if (patient == nullptr) continue;
    const Table::Row &row = cohort.clini.rows[i], &first = cohort.clini.rows[patient->clini_row];
    for (const std::string& column : columns) {
      const auto at = cohort.clini.column(column);
      if (!at || row.cells[*at] == first.cells[*at]) continue;
      if (std::find(differing.begin(), differing.end(), column) == differing.end()) differing.push_back(column);
      if (!patients.insert(patient->name).second || examples.size() == kRowExamples) continue;
      examples.push_back(fmt::format("'{}' ({} in row {}, {} in row {})", patient->name, shown(first.cells[*at]),
                                     first.line, shown(row.cells[*at]), row.line));
    }
  }
  if (patients.empty()) return;
  const std::size_t more = differing.size() > kDifferingShown ? differing.size() - kDifferingShown : 0;
  differing.resize(differing.size() - more);
  problems.add(
      fmt::format("{}: {} {} rows that differ in '{}'{}: {}{}; leave one row for each patient, or make them agree",
                  cohort.clini.path.string(), counted(static_cast<std::int64_t>(patients.size()), "patient"),
                  patients.size() == 1 ? "has" : "have", fmt::join(differing, "', '"),
                  more > 0 ? fmt::format(" and {} more column{}", more, more > 1 ? "s" : "") : "",
                  fmt::join(examples, ", "), patients.size() > examples.size() ? ", ..." : ""));
}

}  // namespace mtlgrid

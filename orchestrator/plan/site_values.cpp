#include "orchestrator/plan/site_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "base/text.h"
#include "datasets/tables/columns.h"
#include "datasets/tables/looks_missing.h"
#include "datasets/tables/seen_values.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kExamples = 3;

// Values that may be one are compared if this is the same: letters and digits, or the number.
std::string key_of(const std::string& value) {
  if (const auto number = parse_number(value)) return fmt::format("{}", *number);
  std::string key;
  for (const char c : lower_ascii(value)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80) key += c;
  }
  return key;
}

std::string counted_value(const SeenValue& seen) {
  return fmt::format("'{}' ({})", printable(seen.value), counted(static_cast<std::int64_t>(seen.count), "patient"));
}

// One line for all pairs of values that may be one.
std::string spelling_warning(const std::string& column, const std::vector<SeenValue>& values) {
  std::map<std::string, std::vector<const SeenValue*>> alike;
  for (const SeenValue& seen : values) alike[key_of(seen.value)].push_back(&seen);
  std::vector<std::string> found;
  for (const auto& [key, members] : alike) {
    for (std::size_t i = 1; i < members.size(); ++i) {
      const std::string difference = spelling_difference(members[0]->value, members[i]->value);
      if (difference.empty()) continue;
      found.push_back(fmt::format("{} and {} {}", counted_value(*members[0]), counted_value(*members[i]), difference));
    }
  }
  if (found.empty()) return "";
  const std::size_t more = found.size() - std::min(found.size(), kExamples);
  found.resize(found.size() - more);
  return fmt::format(
      "column '{}': values differ only in spelling and are different site groups: {}{}; write them alike "
      "if they are one",
      printable(column), fmt::join(found, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

std::optional<PairSites> SiteValues::read(const Cohort& cohort, const PairCohort& rows, Problems& problems) {
  Problems own;
  const auto column = needed_column(cohort.clini, column_, own);
  for (const std::string& line : own.lines()) problems.add(line + " (groups in [grid])");
  if (!column) return std::nullopt;
  Seen& seen = cohorts_[cohort.files.name];
  std::map<std::string, int> number;
  std::vector<const std::string*> values;
  for (const int patient : rows.patient) {
    const std::size_t row = cohort.patients[static_cast<std::size_t>(patient)].clini_row;
    const auto& cell = cohort.clini.rows[row].cells[*column];
    (cell ? seen.with : seen.without).insert(row);
    if (!cell) continue;
    values.push_back(&*cell);
    number.emplace(*cell, 0);
  }
  if (values.size() < rows.patient.size()) return std::nullopt;
  PairSites sites;
  for (auto& [value, at] : number) {
    at = static_cast<int>(sites.values.size());
    sites.values.push_back(value);
  }
  for (const std::string* value : values) sites.group.push_back(number.at(*value));
  return sites;
}

std::vector<std::string> SiteValues::report(const Cohort& cohort, Problems& problems) const {
  const auto found = cohorts_.find(cohort.files.name);
  if (found == cohorts_.end()) return {};
  const std::size_t column = *cohort.clini.column(column_);
  if (const auto& without = found->second.without; !without.empty()) {
    std::vector<std::string> examples;
    for (const Patient& patient : cohort.patients) {
      if (!without.contains(patient.clini_row) || examples.size() == kExamples) continue;
      examples.push_back(
          fmt::format("'{}' in row {}", printable(patient.name), cohort.clini.rows[patient.clini_row].line));
    }
    std::vector<std::string> spellings;
    if (const auto read = cohort.clini.read_as_missing.find(column); read != cohort.clini.read_as_missing.end()) {
      for (const auto& [text, count] : read->second) spellings.push_back(printable(text));
    }
    problems.add(fmt::format(
        "{}, column '{}' (groups in [grid]): {} no value ({}{}){}, so they may be of any site group; enter their "
        "values, "
        "a new one for a patient who is of no other's site, or leave these patients out of the table",
        cohort.clini.path.string(), printable(column_),
        without.size() == 1 ? "1 patient has" : fmt::format("{} patients have", without.size()),
        fmt::join(examples, ", "), without.size() > kExamples ? ", ..." : "",
        spellings.empty() ? "" : fmt::format(", '{}' is read as a missing value", fmt::join(spellings, "' and '"))));
  }
  SeenValues values;
  for (const std::size_t row : found->second.with) {
    values.add(*cohort.clini.rows[row].cells[column], cohort.clini.rows[row].line);
  }
  const std::vector<SeenValue> sorted = values.sorted();
  std::vector<std::string> warnings;
  if (std::string line = spelling_warning(column_, sorted); !line.empty()) warnings.push_back(std::move(line));
  std::vector<SeenValue> missing;
  std::copy_if(sorted.begin(), sorted.end(), std::back_inserter(missing),
               [](const SeenValue& seen) { return !parse_number(seen.value) && looks_missing(seen.value); });
  if (!missing.empty()) {
    warnings.push_back(
        fmt::format("column '{}': {} may stand for a missing value, but its patients make one site group; "
                    "enter their values",
                    printable(column_), listed(missing, "patient")));
  }
  if (sorted.size() > 1 && sorted.front().count == 1) {
    warnings.push_back(
        fmt::format("column '{}': each of its {} values has one patient, so no patients are kept "
                    "together; is it the column of the sites?",
                    printable(column_), sorted.size()));
  }
  return warnings;
}

}  // namespace mtlgrid

#include "datasets/cohorts/join_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "base/quoting.h"
#include "base/text.h"
#include "datasets/tables/columns.h"

namespace mtlgrid {
namespace {

using ValueSet = std::set<std::string_view>;

ValueSet values_of(const Table& table, std::size_t column) {
  ValueSet values;
  for (const Table::Row& row : table.rows) {
    if (const auto& cell = row.cells[column]) values.insert(*cell);
  }
  return values;
}

std::size_t shared(const ValueSet& a, const ValueSet& b) {
  return static_cast<std::size_t>(std::count_if(a.begin(), a.end(), [&](auto value) { return b.contains(value); }));
}

// A column whose values are those of another table's patients.
struct Likely {
  std::size_t column = 0;
  std::size_t patients = 0;  // how many of them it has
};

// The column of `table` that has the most of `patients`; nullopt if none has half of them, or of its own values. One
// without a name if none with a name has as many; `named`: never.
std::optional<Likely> likely_column(const Table& table, const ValueSet& patients, bool named) {
  Likely best;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (named && table.columns[c].empty()) continue;
    const ValueSet values = values_of(table, c);
    const std::size_t common = shared(values, patients);
    const bool instead = common == best.patients && common > 0 && table.columns[best.column].empty();
    if ((common > best.patients || instead) && 2 * common >= std::min(values.size(), patients.size())) {
      best = {c, common};
    }
  }
  return best.patients == 0 ? std::nullopt : std::optional(best);
}

// "write patient_column = ID"; for files that options named, "give --patient-column ID".
std::string setting(const CohortFiles& files, const std::string& key, const Table& table, std::size_t column,
                    const char* verb = "write ") {
  if (!files.by_options) return fmt::format("{}{} = {}", verb, key, name_to_write(table, column));
  const std::string& name = table.columns[column];  // an option takes it as it is
  return how_to_set(files, key, name.empty() ? fmt::format("Unnamed: {}", column) : name);
}

// What to write where `table` lacks its patient column but `other` has its own; "" if no column comes into question.
std::string advice(const CohortFiles& files, const Table& table, const Table& other, const std::string& other_column,
                   const std::string& key) {
  const auto column = other.column(other_column);
  if (!column) return "";
  const ValueSet patients = values_of(other, *column);
  const auto likely = likely_column(table, patients, false);
  if (!likely) return "";
  return fmt::format("its {} has {} of the {} values of '{}' in {}: {}", column_said(table, likely->column),
                     likely->patients, patients.size(), other_column, other.path.string(),
                     setting(files, key, table, likely->column));
}

// What to write where both tables lack the patient column: the pair of columns with the most common values, if they
// tell the rows of the clinical table apart as patients do.
std::string advice_for_both(const CohortFiles& files, const Table& clini, const Table& slides) {
  std::size_t clini_column = 0, slide_column = 0, most = 0;
  for (std::size_t c = 0; c < clini.columns.size(); ++c) {
    const ValueSet values = values_of(clini, c);
    if (clini.columns[c].empty() || 2 * values.size() < clini.rows.size()) continue;
    const auto likely = likely_column(slides, values, true);
    if (!likely || likely->patients <= most) continue;
    most = likely->patients;
    clini_column = c;
    slide_column = likely->column;
  }
  if (most == 0) return "";
  std::string text =
      fmt::format("'{}' has {} values of the slide table's '{}': {}", printable(clini.columns[clini_column]), most,
                  printable(slides.columns[slide_column]), setting(files, "patient_column", clini, clini_column));
  if (slides.columns[slide_column] != clini.columns[clini_column]) {
    text += " and " + setting(files, "slide_patient_column", slides, slide_column, "");
  }
  return text;
}

}  // namespace

const std::string& slide_patient_column(const CohortFiles& files) {
  return files.slide_patient_column.empty() ? files.patient_column : files.slide_patient_column;
}

std::optional<JoinColumns> join_columns(const CohortFiles& files, const Table& clini, const Table& slides,
                                        Problems& problems) {
  const std::string &name = files.patient_column, &slide_name = slide_patient_column(files);
  const bool in_clini = clini.column(name).has_value(), in_slides = slides.column(slide_name).has_value();
  std::optional<std::size_t> patient, slide_patient;
  if (files.clini.empty()) {
    patient = slide_patient = needed_column(slides, slide_name, problems);
  } else {
    // Advice compares all values of both tables: only where a column is missing.
    std::string for_clini = in_slides && !in_clini ? advice(files, clini, slides, slide_name, "patient_column") : "";
    if (!for_clini.empty() && files.slide_patient_column.empty()) {
      for_clini += files.by_options ? " and " + how_to_set(files, "slide_patient_column", name)
                                    : fmt::format(" and slide_patient_column = {}", quoted_if_needed(name));
    }
    if (!in_clini && !in_slides) for_clini = advice_for_both(files, clini, slides);
    patient = needed_column(clini, name, problems, for_clini);
    slide_patient =
        needed_column(slides, slide_name, problems,
                      in_clini && !in_slides ? advice(files, slides, clini, name, "slide_patient_column") : "");
  }
  const auto filename = needed_column(slides, files.filename_column, problems);
  if (!patient || !slide_patient || !filename) return std::nullopt;
  return JoinColumns{*patient, *slide_patient, *filename};
}

}  // namespace mtlgrid

#include "datasets/labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "datasets/columns.h"

namespace mtlgrid {
namespace {

using Cell = std::optional<std::string>;

std::string shown(const Cell& cell) { return cell ? "'" + *cell + "'" : "no value"; }

// Reads the labels of one cohort for one pair.
class LabelReader {
 public:
  LabelReader(const Cohort& cohort, const LabelRule& rule, const std::string& auxiliary, bool target_required,
              Problems& problems)
      : cohort_(cohort), rule_(rule), auxiliary_(auxiliary), required_(target_required), problems_(problems) {}

  LabelledRows read() {
    label_column_ = needed_column(cohort_.clini, rule_.column, problems_);
    target_column_ = required_ ? needed_column(cohort_.clini, auxiliary_, problems_)
                               : optional_column(cohort_.clini, auxiliary_, problems_);
    if (target_column_) numbers_are_clear(cohort_.clini, *target_column_, problems_);
    if (!problems_.empty()) return {};
    find_conflicts();
    negative_ = rule_.negative.empty() ? std::vector<std::string>{commonest_other()} : rule_.negative;
    for (std::size_t p = 0; p < cohort_.patients.size(); ++p) take(static_cast<int>(p));
    check_classes();
    return std::move(rows_);
  }

 private:
  std::string place(const Table::Row& row) const {
    return fmt::format("{}, row {}", cohort_.clini.path.string(), row.line);
  }
  const Table::Row& row_of(const Patient& patient) const { return cohort_.clini.rows[patient.clini_row]; }
  const Cell& label_of(const Patient& patient) const { return row_of(patient).cells[*label_column_]; }
  static bool among(const std::vector<std::string>& values, const std::string& label) {
    return std::find(values.begin(), values.end(), label) != values.end();
  }
  bool ignored(const std::string& label) const { return among(rule_.ignore, label); }
  bool positive(const std::string& label) const { return among(rule_.positive, label); }

  // Repeated rows of a patient must agree in the used columns; a missing value differs from any other.
  void find_conflicts() {
    const auto names = cohort_.clini.column(cohort_.files.patient_column);
    for (std::size_t i = 0; names && i < cohort_.clini.rows.size(); ++i) {
      const auto& row = cohort_.clini.rows[i];
      const Cell& name = row.cells[*names];
      if (!name) continue;
      const auto patient = std::lower_bound(cohort_.patients.begin(), cohort_.patients.end(), *name,
                                            [](const Patient& p, const std::string& n) { return p.name < n; });
      if (patient == cohort_.patients.end() || patient->name != *name || patient->clini_row == i) continue;
      compare(*name, rule_.column, *label_column_, row, row_of(*patient));
      if (target_column_) compare(*name, auxiliary_, *target_column_, row, row_of(*patient));
    }
  }

  void compare(const std::string& patient, const std::string& column, std::size_t cell, const Table::Row& row,
               const Table::Row& first) {
    if (row.cells[cell] == first.cells[cell]) return;
    problems_.add(fmt::format("{}: patient '{}' has {} in column '{}', expected {} as in row {}", place(row), patient,
                              shown(row.cells[cell]), column, shown(first.cells[cell]), first.line));
  }

  // The negative class where the rule names none: the most frequent other label, so that a rare misspelling is reported
  // as the wrong one.
  std::string commonest_other() const {
    std::map<std::string, int> counts;
    for (const auto& patient : cohort_.patients) {
      const Cell& label = label_of(patient);
      if (label && !positive(*label) && !ignored(*label)) ++counts[*label];
    }
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == counts.end() ? "" : most->first;
  }

  void drop(const Patient& patient, std::string reason) {
    rows_.drops.push_back({cohort_.files.name, patient.name, "", std::move(reason)});
  }

  void take(int index) {
    const Patient& patient = cohort_.patients[static_cast<std::size_t>(index)];
    const Cell& label = label_of(patient);
    if (!label) return drop(patient, fmt::format("no label in '{}'", rule_.column));
    if (ignored(*label)) return drop(patient, fmt::format("ignored label '{}'", *label));
    if (!positive(*label) && !among(negative_, *label)) {
      problems_.add(fmt::format("{}: label '{}' in column '{}' is neither '{}' nor '{}'", place(row_of(patient)),
                                *label, rule_.column, fmt::join(rule_.positive, "', '"), fmt::join(negative_, "', '")));
      return;
    }
    const auto target = target_of(patient);
    if (!target) return;
    rows_.patient.push_back(index);
    rows_.label.push_back(positive(*label) ? 1 : 0);
    rows_.target.push_back(*target);
  }

  // NaN where an external patient has none; nullopt where the patient is dropped or the text is not a number.
  std::optional<double> target_of(const Patient& patient) {
    const Cell missing;
    const Cell& text = target_column_ ? row_of(patient).cells[*target_column_] : missing;
    if (!text) {
      if (!required_) return std::numeric_limits<double>::quiet_NaN();
      drop(patient, fmt::format("no value in '{}'", auxiliary_));
      return std::nullopt;
    }
    const auto number = cohort_.clini.number(*target_column_, *text);
    if (!number) {
      problems_.add(
          fmt::format("{}: '{}' in column '{}' is not a finite number", place(row_of(patient)), *text, auxiliary_));
    }
    return number;
  }

  // Training on one class learns nothing and would report no error; a positive label that no patient has is most likely
  // misspelled.
  void check_classes() {
    if (!problems_.empty()) return;
    const auto positives = std::count(rows_.label.begin(), rows_.label.end(), 1);
    const auto negatives = static_cast<std::ptrdiff_t>(rows_.label.size()) - positives;
    if (positives + negatives == 0) {
      problems_.add(fmt::format("{}: no patient with features has a value in '{}'{}", cohort_.clini.path.string(),
                                rule_.column, required_ ? " and '" + auxiliary_ + "'" : ""));
    } else if (required_ && (positives == 0 || negatives == 0)) {
      problems_.add(
          fmt::format("{}: all {} patients with '{}' and '{}' are {} ('{}' is positive), expected two classes",
                      cohort_.clini.path.string(), positives + negatives, rule_.column, auxiliary_,
                      positives == 0 ? "negative" : "positive", fmt::join(rule_.positive, "', '")));
    }
  }

  const Cohort& cohort_;
  const LabelRule& rule_;
  const std::string& auxiliary_;
  const bool required_;
  Problems& problems_;
  std::optional<std::size_t> label_column_, target_column_;
  std::vector<std::string> negative_;
  LabelledRows rows_;
};

}  // namespace

LabelledRows label_rows(const Cohort& cohort, const LabelRule& rule, const std::string& auxiliary_column,
                        bool target_required, Problems& problems) {
  Problems own;
  LabelledRows rows = LabelReader(cohort, rule, auxiliary_column, target_required, own).read();
  for (const auto& line : own.lines()) problems.add(line);
  return rows;
}

}  // namespace mtlgrid

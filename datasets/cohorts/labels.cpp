#include "datasets/cohorts/labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "datasets/cohorts/classes.h"
#include "datasets/cohorts/number_faults.h"
#include "datasets/tables/columns.h"

namespace mtlgrid {
namespace {

using Cell = std::optional<std::string>;

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
    const bool clear = !target_column_ || numbers_are_clear(cohort_.clini, *target_column_, problems_);
    if (!label_column_) return {};
    if (!rule_.negative.empty()) check_classes(cohort_, rule_, problems_);
    if (!clear || (!target_column_ && required_)) return {};
    for (std::size_t p = 0; p < cohort_.patients.size(); ++p) take(static_cast<int>(p));
    faults_.report(cohort_, auxiliary_, problems_);
    if (rows_.whole) check_rows();
    return std::move(rows_);
  }

 private:
  const Table::Row& row_of(const Patient& patient) const { return cohort_.clini.rows[patient.clini_row]; }
  const Cell& label_of(const Patient& patient) const { return row_of(patient).cells[*label_column_]; }
  static bool among(const std::vector<std::string>& values, const std::string& label) {
    return std::find(values.begin(), values.end(), label) != values.end();
  }
  bool ignored(const std::string& label) const { return among(rule_.ignore, label); }
  bool positive(const std::string& label) const { return among(rule_.positive, label); }

  void drop(const Patient& patient, std::string reason) {
    rows_.drops.push_back({cohort_.files.name, patient.name, "", std::move(reason)});
  }

  void take(int index) {
    const Patient& patient = cohort_.patients[static_cast<std::size_t>(index)];
    const Cell& label = label_of(patient);
    if (!label) return drop(patient, fmt::format("no label in '{}'", rule_.column));
    if (ignored(*label)) return drop(patient, fmt::format("ignored label '{}'", *label));
    const auto target = target_of(patient);
    const bool known = rule_.negative.empty() || positive(*label) || among(rule_.negative, *label);
    if (!target || !known) return;  // check_classes() speaks of unknown ones
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
    if (number) return number;
    if (number_fault(*text) == NumberFault::missing) {
      rows_.whole = false;
    } else {
      faults_.add(*text, row_of(patient).line);
    }
    return std::nullopt;
  }

  // Training on one class learns nothing and would report no error; a positive label that no patient has is most likely
  // misspelled.
  void check_rows() {
    if (!problems_.empty()) return;
    const auto positives = std::count(rows_.label.begin(), rows_.label.end(), 1);
    const auto negatives = static_cast<std::ptrdiff_t>(rows_.label.size()) - positives;
    if (positives + negatives == 0) {
      problems_.add(fmt::format("{}: no patient with features has a value in '{}'{}", cohort_.clini.path.string(),
                                rule_.column, required_ ? " and '" + auxiliary_ + "'" : ""));
    } else if (required_ && !rule_.negative.empty() && (positives == 0 || negatives == 0)) {
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
  NumberFaults faults_;
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

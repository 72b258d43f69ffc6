#include "orchestrator/commands/plan_classes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/text.h"
#include "datasets/classes.h"
#include "results/status/query_render.h"

namespace mtlgrid {
namespace {

const Cohort* find(const Plan& plan, const std::string& name) {
  const auto found = std::find_if(plan.cohorts.begin(), plan.cohorts.end(),
                                  [&](const Cohort& cohort) { return cohort.files.name == name; });
  return found == plan.cohorts.end() ? nullptr : &*found;
}

std::vector<std::string> cohorts_of(const BiomarkerConfig& biomarker) {
  std::vector<std::string> names = {biomarker.train};
  names.insert(names.end(), biomarker.external.begin(), biomarker.external.end());
  return names;
}

const char* name_of(LabelMeaning meaning) {
  switch (meaning) {
    case LabelMeaning::positive:
      return "positive";
    case LabelMeaning::negative:
      return "negative";
    case LabelMeaning::ignored:
      return "ignored";
    case LabelMeaning::neither:
      break;
  }
  return "neither";  // make_plan() throws
}

std::size_t count_of(const std::vector<LabelValue>& values, LabelMeaning meaning) {
  std::size_t sum = 0;
  for (const LabelValue& v : values) sum += v.meaning == meaning ? v.seen.count : 0;
  return sum;
}

// A note where an external cohort has one class; "" otherwise.
std::string one_class_note(const BiomarkerConfig& biomarker, const std::string& cohort,
                           const std::vector<LabelValue>& values) {
  const std::size_t positive = count_of(values, LabelMeaning::positive);
  const std::size_t negative = count_of(values, LabelMeaning::negative);
  if (cohort == biomarker.train || (positive > 0 && negative > 0)) return "";
  return fmt::format("  note: {}: all {} patients of {} are {}; AUROC and AUPRC are not defined there\n",
                     biomarker.name, positive + negative, cohort, positive > 0 ? "positive" : "negative");
}

// The values of one pair in one cohort, sorted, without missing ones.
struct AuxiliaryValues {
  std::string pair, cohort;
  std::vector<double> sorted;
  double least() const { return sorted.front(); }
  double most() const { return sorted.back(); }
  double median() const {
    const std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
  double magnitude() const { return std::max(std::abs(least()), std::abs(most())); }
};

AuxiliaryValues values_of(const Plan& plan, const Pair& pair, const PairCohort& rows) {
  AuxiliaryValues out{
      pair.biomarker + "/" + pair.auxiliary, plan.cohorts[static_cast<std::size_t>(rows.cohort)].files.name, {}};
  std::copy_if(rows.target.begin(), rows.target.end(), std::back_inserter(out.sorted),
               [](double v) { return !std::isnan(v); });
  std::sort(out.sorted.begin(), out.sorted.end());
  return out;
}

// -999 and the like below values that are never negative.
std::string code_note(const AuxiliaryValues& values) {
  for (const double code : {-9.0, -99.0, -999.0, -9999.0}) {
    const auto above = std::upper_bound(values.sorted.begin(), values.sorted.end(), code);
    if (values.least() != code || above == values.sorted.end() || *above < 0) continue;
    return fmt::format(
        "  note: {} in {}: {} of {:g}, all others are {:.4g} or more; if it means a missing value, write "
        "missing = {:g} in [cohort.{}]\n",
        values.pair, values.cohort, counted(above - values.sorted.begin(), "value"), code, *above, code, values.cohort);
  }
  return "";
}

std::string constant_note(const AuxiliaryValues& training) {
  if (training.least() != training.most()) return "";
  return fmt::format("  note: {}: all values of training cohort {} are {:.4g}; there is nothing to learn from them\n",
                     training.pair, training.cohort, training.least());
}

// Percent against fractions, and other units: medians and largest values differ by about the same large factor.
std::string unit_note(const AuxiliaryValues& training, const AuxiliaryValues& external) {
  constexpr double kLarge = 10;
  const double medians = external.median() / training.median(), ranges = external.magnitude() / training.magnitude();
  const double factor = ranges < 1 ? 1 / ranges : ranges, other = ranges < 1 ? 1 / medians : medians;
  if (!std::isfinite(factor) || !std::isfinite(other) || factor < kLarge || other < kLarge) return "";
  const bool percent = factor > 30 && factor < 300;
  return fmt::format(
      "  note: {}: values of {} are about {}{:.0f} times those of {} (median {:.4g} against {:.4g}); the same "
      "unit{}?\n",
      training.pair, external.cohort, ranges < 1 ? "1/" : "", percent ? 100 : factor, training.cohort,
      external.median(), training.median(), percent ? ", or percent and fractions" : "");
}

std::vector<std::optional<std::string>> table_row(const AuxiliaryValues& v) {
  const auto number = [](double value) { return fmt::format("{:.4g}", value); };
  if (v.sorted.empty()) return {v.pair, v.cohort, "0", std::nullopt, std::nullopt, std::nullopt};
  return {v.pair, v.cohort, std::to_string(v.sorted.size()), number(v.least()), number(v.median()), number(v.most())};
}

}  // namespace

std::string classes_text(const Plan& plan) {
  QueryResult table{{"biomarker", "cohort", "class", "value", "patients"}, {}};
  std::string notes;
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const BiomarkerConfig& b = plan.config.biomarkers[i];
    const LabelRule& rule = plan.rules[i];
    for (const std::string& name : cohorts_of(b)) {
      const Cohort& cohort = *find(plan, name);
      const auto values = label_values(cohort, rule);
      std::size_t without = cohort.patients.size();
      for (const LabelValue& v : values) {
        table.rows.push_back({b.name, name, name_of(v.meaning), v.seen.value, std::to_string(v.seen.count)});
        without -= v.seen.count;
      }
      if (without > 0) table.rows.push_back({b.name, name, "missing", "", std::to_string(without)});
      notes += one_class_note(b, name, values);
    }
  }
  return "Classes\n" + render(table, QueryFormat::table) + notes;
}

std::string auxiliary_values_text(const Plan& plan) {
  QueryResult table{{"pair", "cohort", "values", "minimum", "median", "maximum"}, {}};
  std::string notes;
  for (const Pair& pair : plan.experiment.pairs) {
    const AuxiliaryValues training = values_of(plan, pair, pair.training);
    table.rows.push_back(table_row(training));
    if (!training.sorted.empty()) notes += constant_note(training) + code_note(training);
    for (const PairCohort& rows : pair.external) {
      const AuxiliaryValues external = values_of(plan, pair, rows);
      table.rows.push_back(table_row(external));
      if (external.sorted.empty() || training.sorted.empty()) continue;
      notes += code_note(external) + unit_note(training, external);
    }
  }
  return "Auxiliary values\n" + render(table, QueryFormat::table) + notes;
}

std::string inferred_text(const Plan& plan) {
  std::string text;
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const BiomarkerConfig& b = plan.config.biomarkers[i];
    const LabelRule& rule = plan.rules[i];
    if (rule.negative_from.empty()) continue;
    const auto values = label_values(*find(plan, b.train), rule);
    text += fmt::format("  {}: negative is {}, the only value of {} ({}) beside {} ({})\n", b.name,
                        config_list(rule.negative), rule.negative_from,
                        counted(static_cast<std::int64_t>(count_of(values, LabelMeaning::negative)), "patient"),
                        config_list(rule.positive),
                        counted(static_cast<std::int64_t>(count_of(values, LabelMeaning::positive)), "patient"));
  }
  for (const Cohort& cohort : plan.cohorts) {
    for (const std::string& line : cohort.inferences) {
      text += fmt::format("  {}: {}\n", cohort.files.name, printable(line));
    }
  }
  return text.empty() ? "" : "Inferred from the data\n" + text;
}

}  // namespace mtlgrid

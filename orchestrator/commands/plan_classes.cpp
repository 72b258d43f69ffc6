#include "orchestrator/commands/plan_classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "datasets/cohorts/classes.h"
#include "orchestrator/commands/data_notes.h"
#include "results/status/query_render.h"

namespace mtlgrid {
namespace {

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

std::string indented(const std::string& before, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += fmt::format("  {}{}\n", before, line);
  return text;
}

std::vector<std::optional<std::string>> table_row(const AuxiliaryValues& v) {
  const auto number = [](double value) { return fmt::format("{:.4g}", value); };
  if (v.sorted.empty()) return {v.pair, v.cohort, "0", std::nullopt, std::nullopt, std::nullopt};
  return {v.pair, v.cohort, std::to_string(v.sorted.size()), number(v.least()), number(v.median()), number(v.most())};
}

}  // namespace

std::string classes_text(const Plan& plan) {
  QueryResult table{{"biomarker", "cohort", "class", "value", "patients"}, {}};
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const BiomarkerConfig& b = plan.config.biomarkers[i];
    const LabelRule& rule = plan.rules[i];
    for (const std::string& name : cohorts_of(b)) {
      const Cohort& cohort = *find_cohort(plan, name);
      std::size_t without = cohort.patients.size();
      for (const LabelValue& v : label_values(cohort, rule)) {
        table.rows.push_back({b.name, name, name_of(v.meaning), v.seen.value, std::to_string(v.seen.count)});
        without -= v.seen.count;
      }
      if (without > 0) table.rows.push_back({b.name, name, "missing", "", std::to_string(without)});
    }
  }
  return "Classes\n" + render(table, QueryFormat::table) + indented("note: ", class_notes(plan));
}

std::string auxiliary_values_text(const Plan& plan) {
  QueryResult table{{"pair", "cohort", "values", "minimum", "median", "maximum"}, {}};
  const auto add = [&](const Pair& pair, const PairCohort& rows) {
    table.rows.push_back(
        table_row(auxiliary_values(pair.biomarker + "/" + pair.auxiliary,
                                   plan.cohorts[static_cast<std::size_t>(rows.cohort)].files.name, rows.target)));
  };
  for (const Pair& pair : plan.experiment.pairs) {
    add(pair, pair.training);
    for (const PairCohort& rows : pair.external) add(pair, rows);
  }
  return "Auxiliary values\n" + render(table, QueryFormat::table) + indented("note: ", value_notes(plan));
}

std::string inferred_text(const Plan& plan) {
  const std::string text = indented("", inferences(plan));
  return text.empty() ? "" : "Inferred from the data\n" + text;
}

}  // namespace mtlgrid

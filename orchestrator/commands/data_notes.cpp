#include "orchestrator/commands/data_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "base/text.h"
#include "datasets/cohorts/classes.h"
#include "datasets/tables/looks_missing.h"
#include "orchestrator/plan/unnamed_files.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kFindings = 12;  // inferences and notes that a run prints

std::size_t count_of(const std::vector<LabelValue>& values, LabelMeaning meaning) {
  std::size_t sum = 0;
  for (const LabelValue& v : values) sum += v.meaning == meaning ? v.seen.count : 0;
  return sum;
}

std::string patients(std::size_t count) { return counted(static_cast<std::int64_t>(count), "patient"); }

// The texts of a number in a column, as the table has them: "-999", "-999.0".
std::vector<std::string> spellings_of(double number, const Cohort& cohort, const std::string& column) {
  std::vector<std::string> out;
  const auto position = cohort.clini.column(column);
  for (const Table::Row& row : cohort.clini.rows) {
    const auto& cell = position ? row.cells[*position] : std::nullopt;
    if (!cell || cohort.clini.number(*position, *cell) != number) continue;
    if (std::find(out.begin(), out.end(), *cell) == out.end()) out.push_back(*cell);
  }
  return out;
}

AuxiliaryValues values_of(const Plan& plan, const Pair& pair, const PairCohort& rows) {
  return auxiliary_values(pair.biomarker + "/" + pair.auxiliary,
                          plan.cohorts[static_cast<std::size_t>(rows.cohort)].files.name, rows.target);
}

void add(std::vector<std::string>& lines, std::string line) {
  if (!line.empty()) lines.push_back(std::move(line));
}

}  // namespace

double AuxiliaryValues::median() const {
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double AuxiliaryValues::magnitude() const { return std::max(std::abs(least()), std::abs(most())); }

AuxiliaryValues auxiliary_values(std::string pair, std::string cohort, const std::vector<double>& targets) {
  AuxiliaryValues out{std::move(pair), std::move(cohort), {}};
  std::copy_if(targets.begin(), targets.end(), std::back_inserter(out.sorted), [](double v) { return !std::isnan(v); });
  std::sort(out.sorted.begin(), out.sorted.end());
  return out;
}

std::string code_note(const AuxiliaryValues& values, const Cohort& cohort, const std::string& column) {
  constexpr double kBeyond = 5;  // times all other values
  std::map<double, std::int64_t> codes;
  std::vector<double> rest;
  for (const double v : values.sorted) {
    if (is_missing_code(v) && std::abs(v) != 7 && std::abs(v) != 8) {  // these two are often counts
      ++codes[v];
    } else {
      rest.push_back(v);
    }
  }
  if (rest.empty()) return "";
  const double least = rest.front(), most = std::max(std::abs(least), std::abs(rest.back()));
  std::vector<std::string> parts, spellings;
  for (const auto& [code, count] : codes) {
    if (code < 0 ? least < 0 && std::abs(code) < kBeyond * most : code < kBeyond * most) continue;
    parts.push_back(fmt::format("{} of {:g}", counted(count, "value"), code));
    for (std::string& text : spellings_of(code, cohort, column)) spellings.push_back(std::move(text));
  }
  if (parts.empty()) return "";
  return fmt::format("{} in {}: {}, all others are {:.4g} to {:.4g}; if {} a missing value, {}", values.pair,
                     values.cohort, fmt::join(parts, ", "), least, rest.back(),
                     parts.size() > 1 ? "they mean" : "it means", how_to_read_as_missing(cohort, spellings));
}

std::string constant_note(const AuxiliaryValues& training) {
  if (training.sorted.empty() || training.least() != training.most()) return "";
  return fmt::format("{}: all values of training cohort {} are {:.4g}; there is nothing to learn from them",
                     training.pair, training.cohort, training.least());
}

std::string empty_note(const AuxiliaryValues& external) {
  if (!external.sorted.empty()) return "";
  return fmt::format(
      "{}: no patient of {} has a value, so errors and correlations of predictions are not defined there",
      external.pair, external.cohort);
}

std::string unit_note(const AuxiliaryValues& training, const AuxiliaryValues& external) {
  constexpr double kLarge = 10;
  if (training.sorted.empty() || external.sorted.empty()) return "";
  const double medians = external.median() / training.median(), ranges = external.magnitude() / training.magnitude();
  const double factor = ranges < 1 ? 1 / ranges : ranges, other = ranges < 1 ? 1 / medians : medians;
  if (!std::isfinite(factor) || !std::isfinite(other) || factor < kLarge || other < kLarge) return "";
  const bool percent = factor > 30 && factor < 300;
  return fmt::format(
      "{}: values of {} are about {}{:.0f} times those of {} (median {:.4g} against {:.4g}); the same unit{}?",
      training.pair, external.cohort, ranges < 1 ? "1/" : "", percent ? 100 : factor, training.cohort,
      external.median(), training.median(), percent ? ", or percent and fractions" : "");
}

std::vector<std::string> class_notes(const Plan& plan) {
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const BiomarkerConfig& b = plan.config.biomarkers[i];
    for (const std::string& name : b.external) {
      const auto values = label_values(*find_cohort(plan, name), plan.rules[i]);
      const std::size_t positive = count_of(values, LabelMeaning::positive);
      const std::size_t negative = count_of(values, LabelMeaning::negative);
      if (positive > 0 && negative > 0) continue;
      notes.push_back(fmt::format("{}: all {} of {} are {}; AUROC and AUPRC are not defined there", b.name,
                                  patients(positive + negative), name, positive > 0 ? "positive" : "negative"));
    }
  }
  return notes;
}

std::vector<std::string> value_notes(const Plan& plan) {
  std::vector<std::string> notes;
  const auto cohort = [&](const PairCohort& rows) -> const Cohort& {
    return plan.cohorts[static_cast<std::size_t>(rows.cohort)];
  };
  for (const Pair& pair : plan.experiment.pairs) {
    const AuxiliaryValues training = values_of(plan, pair, pair.training);
    add(notes, constant_note(training));
    add(notes, code_note(training, cohort(pair.training), pair.auxiliary_column));
    for (const PairCohort& rows : pair.external) {
      const AuxiliaryValues external = values_of(plan, pair, rows);
      add(notes, empty_note(external));
      add(notes, code_note(external, cohort(rows), pair.auxiliary_column));
      add(notes, unit_note(training, external));
    }
  }
  return notes;
}

std::vector<std::string> file_notes(const Plan& plan) {
  constexpr std::size_t kExamples = 3;
  std::vector<std::string> notes;
  for (const UnnamedFiles& found : unnamed_files(plan)) {
    const std::size_t count = found.files.size(), shown = std::min(count, kExamples);
    const std::filesystem::path& slides = find_cohort(plan, found.cohort)->files.slides;
    notes.push_back(
        fmt::format("{}: {} of {} {} named by no {} ({}{})", found.cohort, count,
                    counted(static_cast<std::int64_t>(found.all), "feature file"), count == 1 ? "is" : "are",
                    slides.empty() ? "patient" : "row of " + slides.filename().string(),
                    fmt::join(found.files.begin(), found.files.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                    count > shown ? ", ..." : ""));
  }
  return notes;
}

std::vector<std::string> inferences(const Plan& plan) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const BiomarkerConfig& b = plan.config.biomarkers[i];
    const LabelRule& rule = plan.rules[i];
    if (!rule.negative_from.empty()) {
      const auto values = label_values(*find_cohort(plan, b.train), rule);
      lines.push_back(fmt::format("{}: negative is {}, the only value of {} ({}) beside {} ({})", b.name,
                                  config_list(rule.negative), rule.negative_from,
                                  patients(count_of(values, LabelMeaning::negative)), config_list(rule.positive),
                                  patients(count_of(values, LabelMeaning::positive))));
    }
    for (const auto* values : {&rule.positive, &rule.negative}) {
      for (const std::string& value : *values) {
        if (!is_missing(value)) continue;
        lines.push_back(fmt::format("{}: '{}' is read as a missing value and not as a class", b.name, value));
      }
    }
  }
  for (const Cohort& cohort : plan.cohorts) {
    for (const std::string& line : cohort.inferences) {
      lines.push_back(fmt::format("{}: {}", cohort.files.name, printable(line)));
    }
  }
  return lines;
}

std::vector<std::string> findings(const Plan& plan) {
  std::vector<std::string> lines, others;
  for (const Cohort& cohort : plan.cohorts) {
    for (const std::string& line : cohort.warnings)
      lines.push_back(fmt::format("warning: {}: {}", cohort.files.name, line));
  }
  for (const auto& notes : {class_notes(plan), value_notes(plan), file_notes(plan)}) {
    for (const std::string& line : notes) others.push_back("note: " + line);
  }
  for (const std::string& line : inferences(plan)) others.push_back("inferred: " + line);
  const std::size_t shown = others.size() > kFindings ? kFindings - 1 : others.size();
  lines.insert(lines.end(), others.begin(), others.begin() + static_cast<std::ptrdiff_t>(shown));
  if (others.size() > shown) {
    lines.push_back(fmt::format("note: {} more lines like these are in the report of mtlgrid plan {}",
                                others.size() - shown, plan.config.file.string()));
  }
  for (std::string& line : lines) line = printable(line);
  return lines;
}

}  // namespace mtlgrid

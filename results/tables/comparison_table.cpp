#include "results/tables/comparison_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "results/metrics/replicates.h"
#include "results/tables/table_draft.h"

namespace mtlgrid {
namespace {

// A statistic as a column.
struct Statistic {
  const char* name;     // after the metric's, in csv files
  const char* heading;  // of the column
  TableValue (*value)(const MethodComparison&);
};

TableValue number(double value) { return {value, kMissing, kMissing, 1, 1}; }

TableValue with_interval(double value, double low, double high, double p) {
  TableValue shown{value, low, high, 1, 1};
  shown.stars = stars_of(p);
  return shown;
}

constexpr Statistic kStatistics[] = {
    {"difference", "difference",
     [](const MethodComparison& c) { return with_interval(c.difference, c.t.ci_low, c.t.ci_high, c.t_p_holm); }},
    {"p", "p (Holm)", [](const MethodComparison& c) { return number(c.t_p_holm); }},
    {"worse", "P(worse)", [](const MethodComparison& c) { return number(c.worse); }},
    {"equivalent", "P(equivalent)", [](const MethodComparison& c) { return number(c.equivalent); }},
    {"better", "P(better)", [](const MethodComparison& c) { return number(c.better); }},
    {"false_claim", "P(claim false)", [](const MethodComparison& c) { return number(c.false_claim); }},
    {"rank", "mean rank", [](const MethodComparison& c) { return number(c.rank); }},
    {"nemenyi_p", "p (Nemenyi)", [](const MethodComparison& c) { return number(c.nemenyi_p); }},
    {"bootstrap_difference", "bootstrap interval",
     [](const MethodComparison& c) { return with_interval(c.difference, c.ci_low, c.ci_high, kMissing); }},
    {"bootstrap_p", "p of bootstrap (Holm)", [](const MethodComparison& c) { return number(c.p_holm); }},
};

class ComparisonTable {
 public:
  ComparisonTable(const TableBiomarker& biomarker, const TableCohort& cohort, const CohortReplicates& replicates,
                  const Metric& metric, const ComparisonOptions& options)
      : biomarker_(biomarker),
        cohort_(cohort),
        replicates_(replicates),
        metric_(metric),
        options_(options),
        found_(compare(replicates, metric, options)) {}

  PaperTable make(const TableSource& source) {
    Draft draft = begin_table(source.grid(), comparison_stem(biomarker_.name, cohort_.label, metric_.name), 3);
    draft.table.header.resize(1);
    for (const Statistic& s : kStatistics) {
      draft.table.header[0].emplace_back(s.heading);
      draft.table.columns.push_back(
          {biomarker_.name, cohort_.label, "mean", fmt::format("{}_{}", metric_.name, s.name)});
      for (std::size_t m = 0; m < found_.methods.size(); ++m) {
        draft.table.values[m].push_back(s.value(found_.methods[m]));
      }
    }
    draft.table.caption = caption();
    add_words(draft.table.notes);
    return std::move(draft.table);
  }

 private:
  const std::string& reference() const { return replicates_.methods()[options_.reference]; }
  std::string difference_text(double value) const {
    return fmt::format("{:+.3f}{}{}", value, *metric_.unit == '\0' ? "" : " ", metric_.unit);
  }

  std::string caption() const {
    const bool repeated = found_.repeats > 1;
    return fmt::format(
        "{}, {}: {} of each method minus that of {}, mean over auxiliaries, folds{}. In brackets {:g} % intervals of a "
        "corrected resampled t test over {} folds{}{}; p two-sided, Holm over {} methods: {} P(worse), "
        "P(equivalent), P(better): posterior of that t, equivalent within {:g}. P(claim false): that the method which "
        "looks better is not. Ranks: 1 is best, Nemenyi's p against {}. Bootstrap: of {}; it holds {} fixed, so that "
        "its p is too small for a statement about methods.",
        biomarker_.name, cohort_.label, metric_.label, reference(), repeated ? " and repeats" : "",
        100 * replicates_.options().confidence, found_.folds, repeated ? ", each the mean of its repeats" : "",
        cohort_.external() ? ", with the bootstrap variance over patients added" : "", found_.family, kStarLevels,
        options_.rope, reference(), replicates_.repeats_vary() ? "patients and repeats" : "patients",
        replicates_.repeats_vary() ? "the folds' training patients" : "the trained models");
  }

  void add_words(std::vector<std::string>& notes) const {
    notes.push_back(verdict());
    notes.push_back(held_fixed());
    notes.push_back(needed());
    if (!std::isnan(found_.friedman.chi_square)) {
      notes.push_back(fmt::format(
          "Friedman over {} folds: chi-square {:.2f}, p = {:.2g}; Nemenyi's critical "
          "difference of mean ranks {:.2f} (5 %). Folds are taken as independent, which those "
          "of one cohort are not, so these p are too small.",
          found_.folds, found_.friedman.chi_square, found_.friedman.chi_square_p, found_.critical_difference));
    }
    for (std::size_t m = 0; m < found_.methods.size(); ++m) {
      const MethodComparison& c = found_.methods[m];
      if (!c.reason.empty())
        notes.push_back(fmt::format("{} is not compared: it {}.", replicates_.methods()[m], c.reason));
      if (c.reason.empty() && !c.t.reason.empty() && m != options_.reference) {
        notes.push_back(fmt::format("{} has no t test: {}.", replicates_.methods()[m], c.t.reason));
      }
    }
  }

  // Which methods differ, and the largest difference there is.
  std::string verdict() const {
    std::vector<std::string> differ;
    std::size_t compared = 0, largest = options_.reference;
    for (std::size_t m = 0; m < found_.methods.size(); ++m) {
      const MethodComparison& c = found_.methods[m];
      if (std::isnan(c.difference)) continue;
      ++compared;
      if (largest == options_.reference || std::abs(c.difference) > std::abs(found_.methods[largest].difference)) {
        largest = m;
      }
      if (c.t_p_holm < 0.05) {
        differ.push_back(fmt::format("{} by {}", replicates_.methods()[m], difference_text(c.difference)));
      }
    }
    if (compared == 0) return fmt::format("No method can be compared with {}.", reference());
    std::string text = differ.empty()
                           ? fmt::format("None of {} methods differs from {} (p < 0.05, Holm)", compared, reference())
                           : fmt::format("{} of {} methods differ from {} (p < 0.05, Holm): {}", differ.size(),
                                         compared, reference(), fmt::join(differ, ", "));
    const MethodComparison& most = found_.methods[largest];
    text += fmt::format(". The largest difference is that of {}, {}", replicates_.methods()[largest],
                        difference_text(most.difference));
    if (!std::isnan(most.false_claim)) {
      text += fmt::format("; that it is {} would be false with probability {:.2f}", better(most) ? "better" : "worse",
                          most.false_claim);
    }
    return text + ".";
  }

  bool better(const MethodComparison& c) const {
    return metric_.better == Better::lower ? c.difference < 0 : c.difference > 0;
  }

  std::string held_fixed() const {
    return std::string("Held fixed: the training cohort, of which the folds are samples") +
           (cohort_.external() ? "; the external patients vary." : "; its patients vary with the folds.");
  }

  std::string needed() const {
    const std::string goal = fmt::format("A difference of {:g} would be found (5 %, power 80 %) ", options_.detectable);
    if (found_.repeats < 2) {
      return goal +
             "by an unknown number of repeats: with one repeat the share of the training's random numbers in "
             "these differences is not known; set repeats = 2 or more in [grid].";
    }
    if (found_.needed.empty()) return goal + "by an unknown number of repeats: no method has a t test.";
    const std::optional<std::int64_t>& median = found_.needed[found_.needed.size() / 2];
    const auto possible = std::count_if(found_.needed.begin(), found_.needed.end(), [](const auto& n) { return !!n; });
    return goal +
           (median ? fmt::format("with {} repeats in the median of methods", *median)
                   : std::string("for most methods by no number of repeats, since these patients and folds alone "
                                 "let differences vary more")) +
           fmt::format("; a number exists for {} of {} methods.", possible, found_.needed.size());
  }

  const TableBiomarker& biomarker_;
  const TableCohort& cohort_;
  const CohortReplicates& replicates_;
  const Metric& metric_;
  const ComparisonOptions& options_;
  const CohortComparison found_;
};

}  // namespace

PaperTable comparison_table(const TableSource& source, const TableBiomarker& biomarker, const TableCohort& cohort,
                            const CohortReplicates& replicates, const Metric& metric,
                            const ComparisonOptions& options) {
  return ComparisonTable(biomarker, cohort, replicates, metric, options).make(source);
}

}  // namespace mtlgrid

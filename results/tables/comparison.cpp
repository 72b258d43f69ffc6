#include "results/tables/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "results/metrics/quantile.h"
#include "results/metrics/replicates.h"
#include "results/tables/table_columns.h"

namespace mtlgrid {
namespace {

using Run = std::pair<int, int>;  // fold and repeat

// The metric's mean over auxiliaries in each fold and repeat.
std::map<Run, double> by_run(const CellsOfMethod& cells, const Metric& metric) {
  const std::vector<double> values = values_of(cells, metric);
  std::map<Run, std::pair<double, int>> sums;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    auto& [sum, count] = sums[{cells[i]->cell.fold, cells[i]->cell.repeat}];
    sum += values[i];
    ++count;
  }
  std::map<Run, double> means;
  for (const auto& [run, sum] : sums) means[run] = sum.first / sum.second;
  return means;
}

// The mean over the repeats of each fold.
std::map<int, double> by_fold(const std::map<Run, double>& runs) {
  std::map<int, std::pair<double, int>> sums;
  for (const auto& [run, value] : runs) {
    auto& [sum, count] = sums[run.first];
    sum += value;
    ++count;
  }
  std::map<int, double> means;
  for (const auto& [fold, sum] : sums) means[fold] = sum.first / sum.second;
  return means;
}

std::vector<double> differences_of(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> differences;
  for (std::size_t r = 0; r < std::min(a.size(), b.size()); ++r) {
    const double difference = difference_of(a[r], b[r]);
    if (!std::isnan(difference)) differences.push_back(difference);
  }
  return differences;
}

double variance_of(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  return values.size() < 2 ? 0 : squares / static_cast<double>(values.size() - 1);
}

class Comparing {
 public:
  Comparing(const CohortReplicates& cohort, const Metric& metric, const ComparisonOptions& options)
      : cohort_(cohort), metric_(metric), options_(options) {
    std::map<std::string, int> undefined;
    int want = 0;
    for (std::size_t m = 0; m < cohort.methods().size(); ++m) {
      cells_.push_back(cohort.cells_of(m, metric, std::nullopt, undefined, want));
      runs_.push_back(by_run(cells_.back(), metric));
      folds_.push_back(by_fold(runs_.back()));
    }
  }

  CohortComparison make() {
    result_.methods.resize(cells_.size());
    for (std::size_t m = 0; m < cells_.size(); ++m) {
      if (m != options_.reference) compare_one(m);
    }
    result_.family = cells_.size() - 1;
    add_holm(&MethodComparison::p_holm, [](const MethodComparison& c) { return c.p; });
    add_holm(&MethodComparison::t_p_holm, [](const MethodComparison& c) { return c.t.p; });
    add_ranks();
    for (const auto& [run, value] : runs_[options_.reference]) repeats_of_[run.first].insert(run.second);
    for (const auto& [fold, repeats] : repeats_of_) result_.repeats = std::max(result_.repeats, repeats.size());
    add_needed();
    return std::move(result_);
  }

 private:
  void compare_one(std::size_t m) {
    MethodComparison& c = result_.methods[m];
    const CellsOfMethod &own = cells_[m], &other = cells_[options_.reference];
    if (own.empty() || other.empty()) {
      c.reason = "has no result";
      return;
    }
    if (places_of(own) != places_of(other)) {
      c.reason = "rests on other cells";
      return;
    }
    compared_.push_back(m);
    c.difference = difference_of(table_mean(places_of(own), values_of(own, metric_)),
                                 table_mean(places_of(other), values_of(other, metric_)));
    std::vector<double> drawn = differences_of(cohort_.means_of(own, metric_), cohort_.means_of(other, metric_));
    if (!drawn.empty()) {
      c.p = bootstrap_p_value(drawn);
      std::sort(drawn.begin(), drawn.end());
      c.ci_low = quantile(drawn, (1 - cohort_.options().confidence) / 2);
      c.ci_high = quantile(drawn, (1 + cohort_.options().confidence) / 2);
    }
    test_over_folds(m, c);
  }

  void test_over_folds(std::size_t m, MethodComparison& c) {
    std::vector<double> differences;
    for (const auto& [fold, value] : folds_[m]) {
      differences.push_back(difference_of(value, folds_[options_.reference].at(fold)));
    }
    PatientVariance patients;
    if (cohort_.external()) {
      const std::vector<double> drawn =
          differences_of(cohort_.means_of(cells_[m], metric_, TableCi::patients),
                         cohort_.means_of(cells_[options_.reference], metric_, TableCi::patients));
      if (drawn.size() < 2) {
        c.t.reason = "no replicates of the patients";
        return;
      }
      patients = {variance_of(drawn), static_cast<std::int64_t>(cohort_.patients())};
    }
    c.t = combined_t(differences, options_.test_over_train, patients, cohort_.options().confidence, options_.rope);
    if (!c.t.reason.empty()) return;
    c.worse = metric_.better == Better::lower ? c.t.better : c.t.worse;
    c.better = metric_.better == Better::lower ? c.t.worse : c.t.better;
    c.equivalent = c.t.equivalent;
    c.false_claim = c.t.p / 2;  // the tail of the same distribution beyond 0
  }

  template <typename P>
  void add_holm(double MethodComparison::*adjusted, P p_of) {
    std::vector<std::size_t> tested;
    std::vector<double> p;
    for (std::size_t m = 0; m < result_.methods.size(); ++m) {
      if (std::isnan(p_of(result_.methods[m]))) continue;
      tested.push_back(m);
      p.push_back(p_of(result_.methods[m]));
    }
    const std::vector<double> found = holm(p, result_.family);
    for (std::size_t i = 0; i < tested.size(); ++i) result_.methods[tested[i]].*adjusted = found[i];
  }

  // Over the methods that are compared, and the reference.
  void add_ranks() {
    std::vector<std::size_t> ranked = compared_;
    ranked.insert(std::lower_bound(ranked.begin(), ranked.end(), options_.reference), options_.reference);
    result_.folds = folds_[options_.reference].size();
    if (ranked.size() < 2 || result_.folds == 0 || metric_.better == Better::neither) return;
    std::vector<double> values;
    for (const auto& [fold, value] : folds_[options_.reference]) {
      const std::size_t first = values.size();
      for (const std::size_t m : ranked) {  // what differs by rounding alone is a tie
        const double own = folds_[m].at(fold);
        const auto tied = std::find_if(values.begin() + static_cast<std::ptrdiff_t>(first), values.end(),
                                       [&](double other) { return difference_of(own, other) == 0; });
        values.push_back(tied == values.end() ? own : *tied);
      }
    }
    const std::vector<double> ranks = average_ranks(values, ranked.size(), metric_.better);
    const std::vector<double> p = nemenyi_p_values(ranks, result_.folds);
    const auto reference =
        static_cast<std::size_t>(std::lower_bound(ranked.begin(), ranked.end(), options_.reference) - ranked.begin());
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      result_.methods[ranked[i]].rank = ranks[i];
      if (i != reference) result_.methods[ranked[i]].nemenyi_p = p[i * ranked.size() + reference];
    }
    result_.friedman = friedman_test(values, ranked.size());
    result_.critical_difference = nemenyi_critical_difference(ranked.size(), result_.folds, 0.05);
  }

  // The variance of a mean difference falls into what the repeats of a fold show, which more of them reduce, and the
  // rest of the t test's.
  void add_needed() {
    if (result_.repeats < 2) return;
    for (const std::size_t m : compared_) {
      const CombinedT& t = result_.methods[m].t;
      if (!t.reason.empty()) continue;
      double within = 0;
      std::size_t folds = 0;
      for (const auto& [fold, repeats] : repeats_of_) {
        std::vector<double> differences;
        for (const int repeat : repeats) {
          differences.push_back(runs_[m].at({fold, repeat}) - runs_[options_.reference].at({fold, repeat}));
        }
        if (differences.size() < 2) continue;
        within += variance_of(differences);
        ++folds;
      }
      const double shrinking = within / static_cast<double>(folds) / static_cast<double>(repeats_of_.size());
      const double squared = t.standard_error * t.standard_error;
      const double fixed = std::max(0.0, squared - shrinking / static_cast<double>(result_.repeats));
      result_.needed.push_back(required_repeats({shrinking, fixed}, {options_.detectable}));
    }
    const auto number = [](const std::optional<std::int64_t>& n) { return n.value_or(INT64_MAX); };
    std::sort(result_.needed.begin(), result_.needed.end(),
              [&](const auto& a, const auto& b) { return number(a) < number(b); });
  }

  const CohortReplicates& cohort_;
  const Metric& metric_;
  const ComparisonOptions& options_;
  std::vector<CellsOfMethod> cells_;          // by method
  std::vector<std::map<Run, double>> runs_;   // the same
  std::vector<std::map<int, double>> folds_;  // the same
  std::vector<std::size_t> compared_;         // methods, ascending
  std::map<int, std::set<int>> repeats_of_;   // of each fold, those of the reference
  CohortComparison result_;
};

}  // namespace

CohortComparison compare(const CohortReplicates& cohort, const Metric& metric, const ComparisonOptions& options) {
  return Comparing(cohort, metric, options).make();
}

}  // namespace mtlgrid

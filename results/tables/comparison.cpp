#include "results/tables/comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "results/comparisons/sample_moments.h"
#include "results/metrics/quantile.h"
#include "results/metrics/replicates.h"
#include "results/tables/table_columns.h"

namespace mtlgrid {
namespace {

using Run = std::pair<int, int>;  // fold and repeat

// The mean of the values that were added under each key.
template <typename Key>
class Means {
 public:
  void add(const Key& key, double value) {
    auto& [sum, count] = sums_[key];
    sum += value;
    ++count;
  }
  std::map<Key, double> result() const {
    std::map<Key, double> means;
    for (const auto& [key, sum] : sums_) means[key] = sum.first / sum.second;
    return means;
  }

 private:
  std::map<Key, std::pair<double, int>> sums_;
};

// The metric's mean over auxiliaries in each fold and repeat.
std::map<Run, double> by_run(const CellsOfMethod& cells, const Metric& metric) {
  const std::vector<double> values = values_of(cells, metric);
  Means<Run> means;
  for (std::size_t i = 0; i < cells.size(); ++i) means.add({cells[i]->cell.fold, cells[i]->cell.repeat}, values[i]);
  return means.result();
}

// The mean over the repeats of each fold.
std::map<int, double> by_fold(const std::map<Run, double>& runs) {
  Means<int> means;
  for (const auto& [run, value] : runs) means.add(run.first, value);
  return means.result();
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
    reference_means_ = cohort.means_of(cells_[options.reference], metric);
    if (cohort.external()) {
      reference_of_patients_ = cohort.means_of(cells_[options.reference], metric, TableCi::patients);
    }
  }

  CohortComparison make() {
    result_.methods.resize(cells_.size());
    for (std::size_t m = 0; m < cells_.size(); ++m) {
      if (m != options_.reference) compare_one(m);
    }
    result_.family = cells_.size() - 1;
    add_holm();
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
    std::vector<double> drawn = differences_of(cohort_.means_of(own, metric_), reference_means_);
    if (!drawn.empty()) {
      c.p = bootstrap_p_value(drawn);
      std::sort(drawn.begin(), drawn.end());
      std::tie(c.ci_low, c.ci_high) = percentile_interval(drawn, cohort_.options().confidence);
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
          differences_of(cohort_.means_of(cells_[m], metric_, TableCi::patients), reference_of_patients_);
      if (drawn.size() < 2) {
        c.t.reason = "no replicates of the patients";
        return;
      }
      patients = {sample_moments(drawn).variance, static_cast<std::int64_t>(cohort_.patients())};
    }
    c.t = combined_t(differences, options_.test_over_train, patients, cohort_.options().confidence, options_.rope);
    if (!c.t.reason.empty()) return;
    c.worse = metric_.better == Better::lower ? c.t.better : c.t.worse;
    c.better = metric_.better == Better::lower ? c.t.worse : c.t.better;
    c.equivalent = c.t.equivalent;
    c.false_claim = c.t.p / 2;  // the tail of the same distribution beyond 0
  }

  void add_holm() {
    std::vector<double> p, t_p;
    for (const MethodComparison& c : result_.methods) {
      p.push_back(c.p);
      t_p.push_back(c.t.p);
    }
    p = holm(p, result_.family);
    t_p = holm(t_p, result_.family);
    for (std::size_t m = 0; m < result_.methods.size(); ++m) {
      result_.methods[m].p_holm = p[m];
      result_.methods[m].t_p_holm = t_p[m];
    }
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
        within += sample_moments(differences).variance;
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
  std::vector<CellsOfMethod> cells_;           // by method
  std::vector<std::map<Run, double>> runs_;    // the same
  std::vector<std::map<int, double>> folds_;   // the same
  std::vector<double> reference_means_;        // in the replicates
  std::vector<double> reference_of_patients_;  // in those of patients alone; on external cohorts
  std::vector<std::size_t> compared_;          // methods, ascending
  std::map<int, std::set<int>> repeats_of_;    // of each fold, those of the reference
  CohortComparison result_;
};

}  // namespace

CohortComparison compare(const CohortReplicates& cohort, const Metric& metric, const ComparisonOptions& options) {
  return Comparing(cohort, metric, options).make();
}

}  // namespace mtlgrid

// Every method of a cohort against one of them, by every statistic that tables of comparisons show.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/comparisons/combined_t.h"
#include "results/comparisons/rank_tests.h"
#include "results/comparisons/required_repeats.h"
#include "results/tables/cohort_replicates.h"

namespace mtlgrid {

// What a comparison needs to know beside the cells.
struct ComparisonOptions {
  std::size_t reference = 0;   // the method that the others are compared with: its place in the grid's methods
  double test_over_train = 0;  // patients of a held-out fold over those trained on, validation included
  double rope = 0.01;          // half the width of the region of practical equivalence, in the metric's units
  double detectable = 0.02;    // the difference that enough repeats shall show, in the metric's units
};

// A method minus the reference: means over auxiliaries, folds and repeats, in the metric's units.
struct MethodComparison {
  double difference = kMissing;
  double ci_low = kMissing, ci_high = kMissing;  // of the replicates (patients, and repeats where they vary)
  double p = kMissing, p_holm = kMissing;        // of the replicates, as stars are
  CombinedT t;                                   // over folds; signed as the difference
  double t_p_holm = kMissing;
  double worse = kMissing, equivalent = kMissing, better = kMissing;  // from `t`, better in the metric's sense
  double false_claim = kMissing;  // P(the one that looks better is not): the posterior's tail beyond 0
  double rank = kMissing;         // mean over folds, 1 is best
  double nemenyi_p = kMissing;
  std::string reason;  // why it is not compared; empty where it is
};

struct CohortComparison {
  std::vector<MethodComparison> methods;  // in the grid's order; the reference has its rank alone
  std::size_t folds = 0, repeats = 0;     // of the reference; most repeats of a fold
  std::size_t family = 0;                 // the number of tests in Holm's correction
  FriedmanTest friedman;                  // over folds
  double critical_difference = kMissing;  // Nemenyi, 5 %
  // The repeats that would show `detectable` with power 0.8 at 5 %, of each compared method, ascending; nullopt: no
  // number does. Empty without two repeats, since nothing is known then.
  std::vector<std::optional<std::int64_t>> needed;
};

// Compares on the cells of all auxiliaries. Tests and ranks are over folds, each the mean of its repeats: a fold's
// repeats share their patients and training set, so they add no samples of these; and a t test over all folds
// and repeats would take their random numbers, which more repeats average out, for variation that they do not. A method
// whose value rests on other cells than the reference's is not compared; ranks are over the methods that are, with the
// reference. On an external cohort the t test has the variance over patients added (combined_t.h), from replicates in
// which patients alone vary; without replicates there is no t test there. Errors: as the statistics.
CohortComparison compare(const CohortReplicates& cohort, const Metric& metric, const ComparisonOptions& options);

}  // namespace mtlgrid

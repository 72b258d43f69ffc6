// Metrics of a cell and their bootstrap CIs, in double precision. Definitions: scikit-learn's and scipy's.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "results/records/records.h"

namespace mtlgrid {

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// A value, or NaN and why there is none.
struct Estimate {
  double value = kMissing;
  std::string reason;
};

// `label` holds 0 and 1. All spans of one call have the same length; otherwise std::invalid_argument. A number that is
// not finite throws Error(cell_failed) naming the row. Departures from scikit-learn, which returns a number there:
// where a metric is undefined the value is NaN and the reason says why (auroc and average_precision: one class only;
// f1: no positives, neither true nor predicted; pearson_r and r_squared: fewer than two patients, constant target;
// pearson_r: constant prediction). The functions are those of resampling.h with every multiplicity 1.
Estimate auroc(std::span<const int> label, std::span<const double> score);              // ties count one half
Estimate average_precision(std::span<const int> label, std::span<const double> score);  // step sum, sklearn's AP
Estimate cross_entropy(std::span<const int> label, std::span<const double> log_odds);   // mean, nats
Estimate f1(std::span<const int> label, std::span<const double> score);                 // positive class, score > 0.5
Estimate pearson_r(std::span<const double> target, std::span<const double> prediction);
Estimate mean_absolute_error(std::span<const double> target, std::span<const double> prediction);
Estimate r_squared(std::span<const double> target, std::span<const double> prediction);
// Two-sided p of a Pearson r of `n` patients under no correlation of normal variables (scipy.stats.pearsonr): Student's
// t of n - 2 degrees of freedom, as P = I_{1 - r^2}(n / 2 - 1, 1 / 2), which keeps its digits where P is tiny. Two
// patients: 1. std::invalid_argument for fewer, or r outside [-1, 1].
double pearson_p(double r, std::int64_t n);

// Euclidean distances between embeddings, n x n row-major, computed in double.
std::vector<double> distances(std::span<const std::vector<float>> embeddings);
// Mean silhouette over patients with labels as clusters (sklearn.metrics.silhouette_score); a cluster of one scores 0.
// Undefined with one class only or fewer than three patients.
Estimate silhouette(std::span<const int> label, std::span<const double> distance);
// The same for a resample in which patient i occurs `multiplicity[i]` times: a patient's own copies do not count in
// its within-cluster distance (copies at distance 0 would bias it), and the mean is weighted by multiplicity.
Estimate silhouette(std::span<const int> label, std::span<const double> distance, std::span<const int> multiplicity);

struct BootstrapSettings {
  int resamples = 1000;
  double confidence = 0.95;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BootstrapSettings, resamples, confidence)

// All metrics of one cell on one cohort with percentile bootstrap CIs over patients. The order of the rows is fixed:
// auroc, auprc, ce, f1, pearson_r, pearson_p, mae, r2, and silhouette where `embeddings` is not empty (same order as
// predictions). pearson_p never has a CI, and its reason says so.
// Regression uses the patients who have both target and prediction (NaN: has none); n says how many. Any other number
// that is not finite throws Error(cell_failed) naming the patient.
// A resample draws as many of the metric's patients as there are (draw_multiplicities, draws 0, 1, ...); one in which
// the metric is undefined is drawn again and counted; after 100 times `resamples` draws the CI is NaN with a reason.
// `stream` gives the resamples: the same for every method of a group. `resamples` 0: no CI.
// Cost: about 6 ms for 150 patients and 1000 resamples, of which the silhouette is more than half.
std::vector<MetricRow> cell_metrics(const std::string& cohort, std::span<const Prediction> predictions,
                                    std::span<const std::vector<float>> embeddings, const BootstrapSettings& settings,
                                    const RandomStream& stream);

// q-quantile of `sorted` with linear interpolation (numpy's default).
double quantile(std::span<const double> sorted, double q);

}  // namespace mtlgrid

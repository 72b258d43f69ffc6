// Metrics of resamples: prepared once (sorted, losses taken), then O(n) a resample (silhouette O(n^2)).
//
// A resample of n patients is a vector of multiplicities: patient i occurs multiplicity[i] >= 0 times. Every metric
// here is what the plain definition gives on the resample written out, copies side by side (the silhouette apart, see
// there). The plain metrics of metrics.h are these with every multiplicity 1, so there is one formula of each.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "results/records/records.h"

namespace mtlgrid {

// A metric's value on one resample; NaN and why (static text) where it is undefined.
struct Resampled {
  double value;
  const char* reason;  // null where the value is defined
};

// A prepared metric: owns its data, may be called from several threads at once.
using ResampledMetric = std::function<Resampled(std::span<const int> multiplicity)>;

// Each throws std::invalid_argument for lengths that differ or labels other than 0 and 1, and Error(cell_failed) naming
// the row for a number that is not finite.
ResampledMetric resampled_auroc(std::span<const int> label, std::span<const double> score);
ResampledMetric resampled_average_precision(std::span<const int> label, std::span<const double> score);
ResampledMetric resampled_cross_entropy(std::span<const int> label, std::span<const double> log_odds);
ResampledMetric resampled_f1(std::span<const int> label, std::span<const double> score);
ResampledMetric resampled_pearson_r(std::span<const double> target, std::span<const double> prediction);
ResampledMetric resampled_mean_absolute_error(std::span<const double> target, std::span<const double> prediction);
ResampledMetric resampled_r_squared(std::span<const double> target, std::span<const double> prediction);
// `distance` is n x n row-major and symmetric. Formula: metrics.h, silhouette.
ResampledMetric resampled_silhouette(std::span<const int> label, std::span<const double> distance);

// A metric of a cell on one cohort.
struct PreparedMetric {
  std::string name;
  std::vector<std::size_t> rows;  // the predictions it uses: all, or those with target and prediction
  ResampledMetric metric;         // of multiplicities of these rows; empty where nobody has what it needs
  std::string reason;             // why it is empty
};
// The metrics of a cell that are resampled (all but pearson_p), in the order of cell_metrics; arguments and errors as
// there.
std::vector<PreparedMetric> prepare_metrics(std::span<const Prediction> predictions,
                                            std::span<const std::vector<float>> embeddings);

// Multiplicities of n patients drawn n times with replacement: draw number `draw` of `stream`, a function of
// (stream, draw, n) alone.
void draw_multiplicities(const RandomStream& stream, std::uint64_t draw, std::span<int> multiplicity);

}  // namespace mtlgrid

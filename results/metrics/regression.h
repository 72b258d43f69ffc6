// Metrics of the auxiliary's prediction. Definitions: scikit-learn's and scipy's.
//
// Both spans have the same length; otherwise std::invalid_argument. A number that is not finite throws
// Error(cell_failed) naming the row. Where a metric is undefined the value is NaN with the reason.
#pragma once

#include <cstdint>
#include <span>

#include "results/metrics/resamples.h"

namespace mtlgrid {

// Pearson's correlation. Undefined with fewer than two patients, constant targets or constant predictions.
ResampledMetric resampled_pearson_r(std::span<const double> target, std::span<const double> prediction);
Estimate pearson_r(std::span<const double> target, std::span<const double> prediction);

// Mean absolute error, in the units of the targets.
ResampledMetric resampled_mean_absolute_error(std::span<const double> target, std::span<const double> prediction);
Estimate mean_absolute_error(std::span<const double> target, std::span<const double> prediction);

// Coefficient of determination. Undefined with fewer than two patients or constant targets.
ResampledMetric resampled_r_squared(std::span<const double> target, std::span<const double> prediction);
Estimate r_squared(std::span<const double> target, std::span<const double> prediction);

// Two-sided p of a Pearson r of `n` patients under no correlation of normal variables (scipy.stats.pearsonr): Student's
// t of n - 2 degrees of freedom, as P = I_{1 - r^2}(n / 2 - 1, 1 / 2), which keeps its digits where P is tiny. Two
// patients: 1. std::invalid_argument for fewer, or r outside [-1, 1].
double pearson_p(double r, std::int64_t n);

}  // namespace mtlgrid

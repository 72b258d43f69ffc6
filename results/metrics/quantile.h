// Quantiles of a sample.
#pragma once

#include <span>
#include <utility>

namespace mtlgrid {

// The q-quantile of `sorted` (ascending) with linear interpolation, numpy's default. std::invalid_argument without
// values, or for q outside [0, 1].
double quantile(std::span<const double> sorted, double q);

// The central interval of `sorted` that has the share `confidence` of it: two quantiles. Errors likewise.
std::pair<double, double> percentile_interval(std::span<const double> sorted, double confidence);

}  // namespace mtlgrid

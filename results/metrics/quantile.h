// Quantiles of a sample.
#pragma once

#include <span>

namespace mtlgrid {

// The q-quantile of `sorted` (ascending) with linear interpolation, numpy's default. std::invalid_argument without
// values, or for q outside [0, 1].
double quantile(std::span<const double> sorted, double q);

}  // namespace mtlgrid

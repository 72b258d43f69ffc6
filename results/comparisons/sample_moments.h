// Mean and variance of differences, with constant ones recognised.
#pragma once

#include <cstdint>
#include <span>

namespace mtlgrid {

struct SampleMoments {
  std::int64_t count = 0;
  double mean = 0;      // of no values: 0
  double variance = 0;  // sum of squared deviations / (count - 1); of fewer than two values: 0
};

// Values that differ by at most kSameDifference times the largest magnitude count as equal: their variance is exactly
// 0. Without this rule 0.8 - 0.7 and 0.9 - 0.8 would have the variance of rounding, and t values of 1e15.
inline constexpr double kSameDifference = 1e-12;  // as for ties of replicates (docs/statistics.md, "Stars")

// Two passes. Throws Error(fatal) for a value that is not finite.
SampleMoments sample_moments(std::span<const double> values);

}  // namespace mtlgrid

#include "results/comparisons/sample_moments.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "results/comparisons/comparison_checks.h"

namespace mtlgrid {

SampleMoments sample_moments(std::span<const double> values) {
  require_numbers(values, "difference");
  SampleMoments out;
  out.count = std::ssize(values);
  if (values.empty()) return out;
  const auto n = static_cast<double>(values.size());
  out.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  out.mean = std::clamp(out.mean, *low, *high);  // rounding moves the mean of equal values away from them
  if (values.size() < 2 || *high - *low <= kSameDifference * std::max(std::abs(*low), std::abs(*high))) return out;
  double squares = 0, sum = 0;
  for (const double v : values) {
    squares += (v - out.mean) * (v - out.mean);
    sum += v - out.mean;
  }
  out.variance = (squares - sum * sum / n) / (n - 1);  // the second term is what the mean's rounding adds
  return out;
}

}  // namespace mtlgrid

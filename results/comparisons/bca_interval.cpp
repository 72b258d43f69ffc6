#include "results/comparisons/bca_interval.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "results/comparisons/comparison_checks.h"
#include "results/metrics/quantile.h"

namespace mtlgrid {
namespace {

// Infinity has no place in Boost's normal quantile, so a share of 0 or 1 is the caller's case.
double share_below(double estimate, const std::vector<double>& sorted) {
  const auto [first_equal, first_above] = std::equal_range(sorted.begin(), sorted.end(), estimate);
  const auto twice = (first_equal - sorted.begin()) + (first_above - sorted.begin());
  return static_cast<double>(twice) / (2 * static_cast<double>(sorted.size()));
}

// NaN where the values do not vary.
double acceleration(std::span<const double> jackknife) {
  const auto [low, high] = std::minmax_element(jackknife.begin(), jackknife.end());
  if (jackknife.empty() || *low == *high) return kMissing;
  const double mean = std::accumulate(jackknife.begin(), jackknife.end(), 0.0) / static_cast<double>(jackknife.size());
  double squares = 0, cubes = 0;
  for (const double v : jackknife) {
    squares += (mean - v) * (mean - v);
    cubes += (mean - v) * (mean - v) * (mean - v);
  }
  return cubes / (6 * std::pow(squares, 1.5));
}

}  // namespace

BcaInterval bca_interval(double estimate, std::span<const double> replicates, std::span<const double> jackknife,
                         double confidence) {
  require_between_0_and_1(confidence, "BCa interval: confidence");
  require_numbers({&estimate, 1}, "estimate");
  require_numbers(replicates, "replicate");
  require_numbers(jackknife, "jackknife value");
  BcaInterval out;
  std::vector<double> sorted(replicates.begin(), replicates.end());
  std::sort(sorted.begin(), sorted.end());
  const double below = sorted.empty() ? 0 : share_below(estimate, sorted);
  out.acceleration = acceleration(jackknife);
  if (sorted.empty())
    out.reason = "no replicates";
  else if (below == 0 || below == 1)
    out.reason = "all replicates on one side of the estimate";
  else if (std::isnan(out.acceleration))
    out.reason = "jackknife values do not vary";
  if (!out.reason.empty()) return out;
  const boost::math::normal normal;
  out.bias_correction = quantile(normal, below);
  const double z = quantile(normal, (1 + confidence) / 2);
  const double low = out.bias_correction - z, high = out.bias_correction + z;
  if (1 - out.acceleration * low <= 0 || 1 - out.acceleration * high <= 0) {
    out.reason = "acceleration too large";
    return out;
  }
  const auto at = [&](double shift) {
    const double share = cdf(normal, out.bias_correction + shift / (1 - out.acceleration * shift));
    return quantile(std::span<const double>(sorted), share);
  };
  out.low = at(low);
  out.high = at(high);
  return out;
}

}  // namespace mtlgrid

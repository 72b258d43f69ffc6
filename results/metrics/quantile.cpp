#include "results/metrics/quantile.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

namespace mtlgrid {

double quantile(std::span<const double> sorted, double q) {
  if (sorted.empty() || !(q >= 0 && q <= 1)) throw std::invalid_argument("quantile: no values, or q outside [0, 1]");
  const double position = q * static_cast<double>(sorted.size() - 1);
  const std::size_t below = std::min(static_cast<std::size_t>(position), sorted.size() - 1);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double step = sorted[above] - sorted[below], t = position - static_cast<double>(below);
  return t < 0.5 ? sorted[below] + step * t : sorted[above] - step * (1 - t);  // as numpy, monotone in q
}

std::pair<double, double> percentile_interval(std::span<const double> sorted, double confidence) {
  return {quantile(sorted, (1 - confidence) / 2), quantile(sorted, (1 + confidence) / 2)};
}

}  // namespace mtlgrid

#include "results/metrics/resamples.h"

#include <algorithm>
#include <vector>

namespace mtlgrid {

Estimate on_everyone(const ResampledMetric& metric, std::size_t n) {
  const Resampled value = metric(std::vector<int>(n, 1));
  return {value.value, value.reason ? value.reason : ""};
}

std::int64_t resample_size(std::span<const int> multiplicity) {
  std::int64_t drawn = 0;
  for (int m : multiplicity) drawn += m;
  return drawn;
}

Resampled mean_over(std::span<const int> multiplicity, std::span<const double> values) {
  double sum = 0;
  std::int64_t drawn = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += multiplicity[i] * values[i];
    drawn += multiplicity[i];
  }
  return drawn == 0 ? undefined("no patients") : defined(sum / static_cast<double>(drawn));
}

void draw_multiplicities(const RandomStream& stream, std::uint64_t draw, std::span<int> multiplicity,
                         std::size_t times) {
  std::fill(multiplicity.begin(), multiplicity.end(), 0);
  const RandomStream words = stream.child(draw);
  std::vector<std::uint32_t> drawn(times);
  std::uint64_t counter = 0;
  words.below(static_cast<std::uint32_t>(multiplicity.size()), counter, drawn);
  for (const std::uint32_t thing : drawn) ++multiplicity[thing];
}

void draw_multiplicities(const RandomStream& stream, std::uint64_t draw, std::span<int> multiplicity) {
  draw_multiplicities(stream, draw, multiplicity, multiplicity.size());
}

}  // namespace mtlgrid

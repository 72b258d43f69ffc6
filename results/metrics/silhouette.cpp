#include "results/metrics/silhouette.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "base/clones.h"
#include "base/errors.h"
#include "results/metrics/metric_checks.h"

namespace mtlgrid {
namespace {

// Squared distance in eight running sums, as vectors of the compiler: the order is fixed. This file is compiled without
// fused multiply-add (CMakeLists.txt), so that every instruction set gives the same bits.
MTLGRID_CLONES double squared_distance(const std::vector<float>& a, const std::vector<float>& b) {
  using Floats [[gnu::vector_size(8 * sizeof(float))]] = float;
  using Doubles [[gnu::vector_size(8 * sizeof(double))]] = double;
  Doubles sum = {};
  std::size_t k = 0;
  for (; k + 8 <= a.size(); k += 8) {
    Floats x, y;
    std::memcpy(&x, &a[k], sizeof x);
    std::memcpy(&y, &b[k], sizeof y);
    const Doubles difference = __builtin_convertvector(x, Doubles) - __builtin_convertvector(y, Doubles);
    sum += difference * difference;
  }
  for (; k < a.size(); ++k) {
    const double difference = static_cast<double>(a[k]) - static_cast<double>(b[k]);
    sum[0] += difference * difference;
  }
  return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

// sum += m row, elementwise.
MTLGRID_CLONES void add_row(double m, const double* row, double* sum, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) sum[i] += m * row[i];
}

struct Clusters {
  std::vector<int> label;
  std::vector<double> distance;  // [n, n]

  // distance_sum[c * n + i] = sum over drawn j of class c of m_j d_ij. By rows, which the symmetry allows: no
  // horizontal sums, and the rows of patients not drawn (37 % of a resample) are skipped.
  std::vector<double> distance_sums(std::span<const int> multiplicity) const {
    const std::size_t n = label.size();
    std::vector<double> sums(2 * n, 0.0);
    for (std::size_t j = 0; j < n; ++j) {
      if (multiplicity[j] == 0) continue;
      add_row(multiplicity[j], &distance[j * n], &sums[static_cast<std::size_t>(label[j]) * n], n);
    }
    return sums;
  }

  Resampled silhouette(std::span<const int> multiplicity) const {
    const std::size_t n = label.size();
    std::int64_t size[2] = {0, 0};
    int patients = 0;
    for (std::size_t i = 0; i < n; ++i) {
      size[label[i]] += multiplicity[i];
      patients += multiplicity[i] > 0;
    }
    if (size[0] == 0 || size[1] == 0) return undefined("one class only");
    if (patients < 3) return undefined("fewer than three patients");
    const std::vector<double> sums = distance_sums(multiplicity);
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const int own = label[i];
      const std::int64_t neighbours = size[own] - multiplicity[i];
      if (multiplicity[i] == 0 || neighbours == 0) continue;
      const double a = sums[static_cast<std::size_t>(own) * n + i] / static_cast<double>(neighbours);
      const double b = sums[static_cast<std::size_t>(1 - own) * n + i] / static_cast<double>(size[1 - own]);
      const double larger = std::max(a, b);
      if (larger > 0) total += multiplicity[i] * (b - a) / larger;
    }
    return defined(total / static_cast<double>(size[0] + size[1]));
  }
};

}  // namespace

std::vector<double> distances(std::span<const std::vector<float>> embeddings) {
  const std::size_t n = embeddings.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (embeddings[i].size() != embeddings[0].size()) {
      throw std::invalid_argument("distances: embedding " + std::to_string(i) + " has " +
                                  std::to_string(embeddings[i].size()) + " values, the first has " +
                                  std::to_string(embeddings[0].size()));
    }
    if (!std::all_of(embeddings[i].begin(), embeddings[i].end(), [](float x) { return std::isfinite(x); })) {
      throw Error(ErrorKind::cell_failed,
                  "embedding of row " + std::to_string(i) + " holds a number that is not finite");
    }
  }
  std::vector<double> distance(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      distance[i * n + j] = distance[j * n + i] = std::sqrt(squared_distance(embeddings[i], embeddings[j]));
    }
  }
  return distance;
}

ResampledMetric resampled_silhouette(std::span<const int> label, std::span<const double> distance) {
  if (distance.size() != label.size() * label.size()) {
    throw std::invalid_argument("silhouette: " + std::to_string(distance.size()) + " distances of " +
                                std::to_string(label.size()) + " patients");
  }
  require_labels(label);
  for (double d : distance) {
    if (!std::isfinite(d)) throw Error(ErrorKind::cell_failed, "silhouette: a distance is not finite");
  }
  Clusters clusters{{label.begin(), label.end()}, {distance.begin(), distance.end()}};
  return [clusters = std::move(clusters)](std::span<const int> m) { return clusters.silhouette(m); };
}

Estimate silhouette(std::span<const int> label, std::span<const double> distance, std::span<const int> multiplicity) {
  if (multiplicity.size() != label.size()) throw std::invalid_argument("silhouette: multiplicities of other patients");
  const Resampled value = resampled_silhouette(label, distance)(multiplicity);
  return {value.value, value.reason ? value.reason : ""};
}

Estimate silhouette(std::span<const int> label, std::span<const double> distance) {
  return silhouette(label, distance, std::vector<int>(label.size(), 1));
}

}  // namespace mtlgrid

// Resamples of patients, and metrics that are prepared once (sorted, losses taken) and then evaluated on many of them.
//
// A resample of n patients is a vector of multiplicities: patient i occurs multiplicity[i] >= 0 times. Every metric
// gives what its plain definition gives on the resample written out, copies side by side; the silhouette is the
// exception (silhouette.h). The plain metrics are these with every multiplicity 1, so each formula exists once.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/random.h"
#include "results/metrics/estimate.h"

namespace mtlgrid {

// A metric's value on one resample; NaN and the reason (static text) where it is undefined.
struct Resampled {
  double value;
  const char* reason;  // null where the value is defined
};
inline Resampled defined(double value) { return {value, nullptr}; }
inline Resampled undefined(const char* reason) { return {kMissing, reason}; }

// A prepared metric: owns its data, may be called from several threads at the same time. Costs O(n) a resample, the
// silhouette O(n^2).
using ResampledMetric = std::function<Resampled(std::span<const int> multiplicity)>;

// The metric on all `n` patients, each once.
Estimate on_everyone(const ResampledMetric& metric, std::size_t n);

// The number of patients in a resample, copies included.
std::int64_t resample_size(std::span<const int> multiplicity);

// The mean of `values`, one a patient, over a resample; undefined over nobody.
Resampled mean_over(std::span<const int> multiplicity, std::span<const double> values);

// Multiplicities of n things drawn `times` times with replacement, n times without `times`: draw number `draw` of
// `stream`, a function of (stream, draw, n, times) alone.
void draw_multiplicities(const RandomStream& stream, std::uint64_t draw, std::span<int> multiplicity,
                         std::size_t times);
void draw_multiplicities(const RandomStream& stream, std::uint64_t draw, std::span<int> multiplicity);

}  // namespace mtlgrid

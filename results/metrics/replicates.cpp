#include "results/metrics/replicates.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "results/metrics/resamples.h"

namespace mtlgrid {
namespace {

bool usable(const PatientSet& set, std::span<const int> multiplicity) {
  bool seen[2] = {false, false};
  int patients = 0;
  for (std::size_t i = 0; i < set.patient.size(); ++i) {
    if (multiplicity[set.patient[i]] == 0) continue;
    seen[set.label[i]] = true;
    if (++patients >= 3 && seen[0] && seen[1]) return true;
  }
  return false;
}

}  // namespace

Replicates draw_replicates(std::size_t patients, std::span<const PatientSet> sets, int count,
                           const RandomStream& stream) {
  const std::vector<int> once(patients, 1);
  std::vector<const PatientSet*> asked;
  for (const PatientSet& set : sets) {
    if (usable(set, once)) asked.push_back(&set);
  }
  Replicates replicates;
  if (patients == 0) return replicates;
  std::vector<int> multiplicity(patients);
  const std::int64_t limit = 100 * std::int64_t{count};
  for (std::int64_t draw = 0; draw < limit && std::ssize(replicates.multiplicity) < count; ++draw) {
    draw_multiplicities(stream, static_cast<std::uint64_t>(draw), multiplicity);
    if (std::all_of(asked.begin(), asked.end(), [&](const PatientSet* s) { return usable(*s, multiplicity); })) {
      replicates.multiplicity.push_back(multiplicity);
    } else {
      ++replicates.redrawn;
    }
  }
  return replicates;
}

double bootstrap_p_value(std::span<const double> differences) {
  if (differences.empty()) throw std::invalid_argument("bootstrap p-value of no differences");
  std::size_t not_above = 0, not_below = 0;
  for (double d : differences) {
    not_above += d <= 0;
    not_below += d >= 0;
  }
  const double tail = static_cast<double>(std::min(not_above, not_below) + 1);
  return std::min(1.0, 2 * tail / static_cast<double>(differences.size() + 1));
}

std::vector<double> holm(std::span<const double> p, std::size_t tests) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  if (tests < order.size()) throw std::invalid_argument("holm: more p-values than tests");
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size(), kMissing);
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(tests - k) * p[order[k]]));
    adjusted[order[k]] = largest;
  }
  return adjusted;
}

int stars_of(double p) { return (p < 0.05) + (p < 0.01) + (p < 0.001); }

}  // namespace mtlgrid

#include "results/comparisons/bayesian_t.h"

#include <cmath>

#include "results/comparisons/comparison_checks.h"
#include "results/comparisons/sample_moments.h"
#include "results/comparisons/scaled_t.h"

namespace mtlgrid {

BayesianT bayesian_t(std::span<const double> differences, double rho, double rope) {
  require_between_0_and_1(rho, "bayesian_t: rho");
  require_argument(rope >= 0 && std::isfinite(rope), "bayesian_t: the region of equivalence has a negative width");
  const SampleMoments moments = sample_moments(differences);
  BayesianT out;
  if (moments.count > 0) out.mean = moments.mean;
  if (moments.count < 2) {
    out.reason = "fewer than two differences";
    return out;
  }
  out.degrees_of_freedom = moments.count - 1;
  out.scale = std::sqrt((1 / static_cast<double>(moments.count) + rho / (1 - rho)) * moments.variance);
  const ThreeRegions regions = ScaledT{out.mean, out.scale, static_cast<double>(out.degrees_of_freedom)}.regions(rope);
  out.worse = regions.worse;
  out.equivalent = regions.equivalent;
  out.better = regions.better;
  return out;
}

}  // namespace mtlgrid

#include "results/comparisons/bayesian_t.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "results/comparisons/comparison_checks.h"
#include "results/comparisons/sample_moments.h"

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
  if (moments.variance > 0) {
    const boost::math::students_t student(static_cast<double>(out.degrees_of_freedom));
    out.worse = cdf(student, (-rope - out.mean) / out.scale);
    out.better = cdf(complement(student, (rope - out.mean) / out.scale));
  } else {
    const double half = rope == 0 && out.mean == 0 ? 0.5 : 0.0;
    out.worse = out.mean < -rope ? 1 : half;
    out.better = out.mean > rope ? 1 : half;
  }
  out.equivalent = rope == 0 ? 0 : std::max(0.0, 1 - out.worse - out.better);
  return out;
}

}  // namespace mtlgrid

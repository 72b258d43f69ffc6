#include "results/comparisons/corrected_t.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "results/comparisons/comparison_checks.h"
#include "results/comparisons/sample_moments.h"

namespace mtlgrid {

CorrectedT corrected_t(std::span<const double> differences, double test_over_train, double confidence) {
  require_argument(test_over_train > 0 && std::isfinite(test_over_train),
                   "corrected_t: n_test / n_train is not positive");
  require_between_0_and_1(confidence, "corrected_t: confidence");
  const SampleMoments moments = sample_moments(differences);
  CorrectedT out;
  if (moments.count > 0) out.mean = moments.mean;
  if (moments.count < 2) {
    out.reason = "fewer than two differences";
    return out;
  }
  const auto count = static_cast<double>(moments.count);
  out.degrees_of_freedom = moments.count - 1;
  out.standard_error = std::sqrt((1 / count + test_over_train) * moments.variance);
  if (moments.variance == 0) {
    out.reason = "zero variance";
    return out;
  }
  out.t = out.mean / out.standard_error;
  const boost::math::students_t student(count - 1);
  out.p = 2 * cdf(complement(student, std::abs(out.t)));
  const double half = quantile(student, (1 + confidence) / 2) * out.standard_error;
  out.ci_low = out.mean - half;
  out.ci_high = out.mean + half;
  return out;
}

}  // namespace mtlgrid

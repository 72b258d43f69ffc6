#include "results/comparisons/corrected_t.h"

#include <cmath>
#include <tuple>

#include "results/comparisons/comparison_checks.h"
#include "results/comparisons/sample_moments.h"
#include "results/comparisons/scaled_t.h"

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
  out.degrees_of_freedom = moments.count - 1;
  out.standard_error = std::sqrt((1 / static_cast<double>(moments.count) + test_over_train) * moments.variance);
  if (moments.variance == 0) {
    out.reason = "zero variance";
    return out;
  }
  const ScaledT scaled{out.mean, out.standard_error, static_cast<double>(out.degrees_of_freedom)};
  out.t = scaled.t();
  out.p = scaled.two_sided_p();
  std::tie(out.ci_low, out.ci_high) = scaled.interval(confidence);
  return out;
}

}  // namespace mtlgrid

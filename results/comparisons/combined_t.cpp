#include "results/comparisons/combined_t.h"

#include <cmath>
#include <tuple>

#include "results/comparisons/comparison_checks.h"
#include "results/comparisons/corrected_t.h"
#include "results/comparisons/scaled_t.h"

namespace mtlgrid {

CombinedT combined_t(std::span<const double> differences, double test_over_train, const PatientVariance& patients,
                     double confidence, double rope) {
  const double v = patients.variance;
  require_argument(v >= 0 && std::isfinite(v), "combined_t: a variance of patients below 0");
  require_argument(v == 0 || patients.patients >= 2, "combined_t: a variance of fewer than two patients");
  require_argument(rope >= 0 && std::isfinite(rope), "combined_t: a negative rope");
  const CorrectedT training = corrected_t(differences, test_over_train, confidence);
  CombinedT result;
  result.mean = training.mean;
  result.reason = training.reason;
  if (std::isnan(training.standard_error)) return result;
  const double a = training.standard_error * training.standard_error, squared = a + v;
  if (squared == 0) return result;
  result.reason.clear();
  const double of_training = a * a / static_cast<double>(training.degrees_of_freedom);
  const double of_patients = v == 0 ? 0 : v * v / static_cast<double>(patients.patients - 1);
  const ScaledT scaled{training.mean, std::sqrt(squared), squared * squared / (of_training + of_patients)};
  result.standard_error = scaled.scale;
  result.degrees_of_freedom = scaled.degrees_of_freedom;
  result.t = scaled.t();
  result.p = scaled.two_sided_p();
  std::tie(result.ci_low, result.ci_high) = scaled.interval(confidence);
  const ThreeRegions regions = scaled.regions(rope);
  result.worse = regions.worse;
  result.equivalent = regions.equivalent;
  result.better = regions.better;
  return result;
}

}  // namespace mtlgrid

#include "results/comparisons/combined_t.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <stdexcept>

#include "results/comparisons/corrected_t.h"

namespace mtlgrid {

CombinedT combined_t(std::span<const double> differences, double test_over_train, const PatientVariance& patients,
                     double confidence, double rope) {
  const double v = patients.variance;
  if (!(v >= 0) || !std::isfinite(v)) throw std::invalid_argument("combined_t: a variance of patients below 0");
  if (v > 0 && patients.patients < 2) throw std::invalid_argument("combined_t: a variance of fewer than two patients");
  if (!(rope >= 0) || !std::isfinite(rope)) throw std::invalid_argument("combined_t: a negative rope");
  const CorrectedT training = corrected_t(differences, test_over_train, confidence);
  CombinedT result;
  result.mean = training.mean;
  result.reason = training.reason;
  if (std::isnan(training.standard_error)) return result;
  const double a = training.standard_error * training.standard_error, squared = a + v;
  if (squared == 0) return result;
  result.reason.clear();
  const auto j = static_cast<double>(differences.size());
  const double of_training = a * a / (j - 1);
  const double of_patients = v == 0 ? 0 : v * v / static_cast<double>(patients.patients - 1);
  result.standard_error = std::sqrt(squared);
  result.degrees_of_freedom = squared * squared / (of_training + of_patients);
  result.t = result.mean / result.standard_error;
  const boost::math::students_t student(result.degrees_of_freedom);
  result.p = 2 * boost::math::cdf(boost::math::complement(student, std::abs(result.t)));
  const double half = boost::math::quantile(student, (1 + confidence) / 2) * result.standard_error;
  result.ci_low = result.mean - half;
  result.ci_high = result.mean + half;
  result.worse = boost::math::cdf(student, (-rope - result.mean) / result.standard_error);
  result.better = boost::math::cdf(boost::math::complement(student, (rope - result.mean) / result.standard_error));
  result.equivalent = rope == 0 ? 0 : std::max(0.0, 1 - result.worse - result.better);
  return result;
}

}  // namespace mtlgrid

#include "results/metrics/regression.h"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "results/metrics/metric_checks.h"

namespace mtlgrid {
namespace {

// Whether the values that occur in the resample are all the same: exact, where a variance would leave rounding.
bool is_constant(std::span<const double> values, std::span<const int> multiplicity) {
  const double* first = nullptr;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (multiplicity[i] == 0) continue;
    if (first == nullptr) first = &values[i];
    if (values[i] != *first) return false;
  }
  return true;
}

struct Regression {
  std::vector<double> target, prediction;

  Regression(std::span<const double> t, std::span<const double> p)
      : target(t.begin(), t.end()), prediction(p.begin(), p.end()) {
    require_same_length(t.size(), p.size());
    require_finite(t, "target");
    require_finite(p, "prediction");
  }
};

Resampled weighted_pearson(const Regression& data, std::span<const int> multiplicity) {
  if (resample_size(multiplicity) < 2) return undefined("fewer than two patients");
  if (is_constant(data.target, multiplicity)) return undefined("target is constant");
  if (is_constant(data.prediction, multiplicity)) return undefined("prediction is constant");
  const double mean_target = mean_over(multiplicity, data.target).value;
  const double mean_prediction = mean_over(multiplicity, data.prediction).value;
  double tt = 0, pp = 0, tp = 0;
  for (std::size_t i = 0; i < data.target.size(); ++i) {
    const double t = data.target[i] - mean_target, p = data.prediction[i] - mean_prediction;
    tt += multiplicity[i] * t * t;
    pp += multiplicity[i] * p * p;
    tp += multiplicity[i] * t * p;
  }
  return defined(std::clamp(tp / (std::sqrt(tt) * std::sqrt(pp)), -1.0, 1.0));
}

Resampled weighted_r_squared(const Regression& data, std::span<const int> multiplicity) {
  if (resample_size(multiplicity) < 2) return undefined("fewer than two patients");
  if (is_constant(data.target, multiplicity)) return undefined("target is constant");
  const double mean_target = mean_over(multiplicity, data.target).value;
  double residual = 0, total = 0;
  for (std::size_t i = 0; i < data.target.size(); ++i) {
    const double r = data.target[i] - data.prediction[i], t = data.target[i] - mean_target;
    residual += multiplicity[i] * r * r;
    total += multiplicity[i] * t * t;
  }
  return defined(1 - residual / total);
}

}  // namespace

ResampledMetric resampled_pearson_r(std::span<const double> target, std::span<const double> prediction) {
  return [data = Regression(target, prediction)](std::span<const int> m) { return weighted_pearson(data, m); };
}

ResampledMetric resampled_r_squared(std::span<const double> target, std::span<const double> prediction) {
  return [data = Regression(target, prediction)](std::span<const int> m) { return weighted_r_squared(data, m); };
}

ResampledMetric resampled_mean_absolute_error(std::span<const double> target, std::span<const double> prediction) {
  const Regression data(target, prediction);
  std::vector<double> error(target.size());
  for (std::size_t i = 0; i < error.size(); ++i) error[i] = std::abs(target[i] - prediction[i]);
  return [error](std::span<const int> multiplicity) { return mean_over(multiplicity, error); };
}

Estimate pearson_r(std::span<const double> target, std::span<const double> prediction) {
  return on_everyone(resampled_pearson_r(target, prediction), target.size());
}
Estimate mean_absolute_error(std::span<const double> target, std::span<const double> prediction) {
  return on_everyone(resampled_mean_absolute_error(target, prediction), target.size());
}
Estimate r_squared(std::span<const double> target, std::span<const double> prediction) {
  return on_everyone(resampled_r_squared(target, prediction), target.size());
}

double pearson_p(double r, std::int64_t n) {
  if (n < 2 || !(std::abs(r) <= 1)) throw std::invalid_argument("pearson_p: r outside [-1, 1], or n below 2");
  if (n == 2) return 1;  // r is -1 or 1 whatever the patients
  return boost::math::ibeta(0.5 * static_cast<double>(n) - 1, 0.5, (1 - r) * (1 + r));
}

}  // namespace mtlgrid

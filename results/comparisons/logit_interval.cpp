#include "results/comparisons/logit_interval.h"

#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "results/comparisons/comparison_checks.h"

namespace mtlgrid {

LogitInterval logit_interval(double value, double standard_error, double confidence) {
  require_argument(value >= 0 && value <= 1, "logit interval: the value is not between 0 and 1");
  require_argument(standard_error >= 0 && std::isfinite(standard_error),
                   "logit interval: the standard error is negative");
  require_between_0_and_1(confidence, "logit interval: confidence");
  LogitInterval out;
  if (value == 0 || value == 1) out.reason = value == 0 ? "value 0" : "value 1";
  if (standard_error == 0) out.reason = "zero variance";
  if (!out.reason.empty()) return out;
  const double z = quantile(boost::math::normal(), (1 + confidence) / 2);
  const double centre = std::log(value / (1 - value)), half = z * standard_error / (value * (1 - value));
  const auto back = [](double logit) { return 1 / (1 + std::exp(-logit)); };
  out.low = back(centre - half);
  out.high = back(centre + half);
  return out;
}

}  // namespace mtlgrid

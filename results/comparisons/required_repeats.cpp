#include "results/comparisons/required_repeats.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "results/comparisons/comparison_checks.h"

namespace mtlgrid {
namespace {

const boost::math::normal kNormal;

void require_usable(const DifferenceVariance& variance, const DetectionGoal& goal) {
  require_argument(variance.shrinking >= 0 && std::isfinite(variance.shrinking) && variance.fixed >= 0 &&
                       std::isfinite(variance.fixed),
                   "required repeats: a variance is negative or not finite");
  require_argument(goal.difference > 0 && std::isfinite(goal.difference),
                   "required repeats: the difference is not positive");
  require_between_0_and_1(goal.level, "required repeats: level");
  require_between_0_and_1(goal.power, "required repeats: power");
  require_argument(goal.power > goal.level / 2, "required repeats: the power is that of no difference at all");
}

double critical(double level) { return quantile(complement(kNormal, level / 2)); }

}  // namespace

double power_of_repeats(const DifferenceVariance& variance, const DetectionGoal& goal, std::int64_t repeats) {
  require_usable(variance, goal);
  require_argument(repeats >= 1, "required repeats: fewer than one");
  const double deviation = std::sqrt(variance.fixed + variance.shrinking / static_cast<double>(repeats));
  return deviation == 0 ? 1 : cdf(kNormal, goal.difference / deviation - critical(goal.level));
}

std::optional<std::int64_t> required_repeats(const DifferenceVariance& variance, const DetectionGoal& goal) {
  require_usable(variance, goal);
  const double root = goal.difference / (critical(goal.level) + quantile(kNormal, goal.power));
  const double limit = root * root;
  if (variance.shrinking == 0) return variance.fixed <= limit ? std::optional<std::int64_t>(1) : std::nullopt;
  const double room = limit - variance.fixed;
  if (room <= 0) return std::nullopt;
  const double repeats = std::max(1.0, std::ceil(variance.shrinking / room));
  if (repeats > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(repeats);
}

}  // namespace mtlgrid

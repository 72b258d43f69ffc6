#include "results/comparisons/studentized_range.h"

#include <algorithm>
#include <boost/math/constants/constants.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "results/comparisons/comparison_checks.h"

namespace mtlgrid {
namespace {

double normal_cdf(double z) { return std::erfc(-z * boost::math::constants::one_div_root_two<double>()) / 2; }
double normal_density(double z) { return std::exp(-z * z / 2) * boost::math::constants::one_div_root_two_pi<double>(); }

}  // namespace

double studentized_range_survival(double q, int k) {
  require_argument(k >= 2, "studentised range: fewer than two numbers");
  require_argument(q >= 0, "studentised range: q is negative or not a number");
  if (q == 0) return 1;
  if (q > 60) return 0;  // at most k^2 / 2 erfc(q / 2), below the smallest double for any int k
  const auto others = static_cast<double>(k - 1);
  const auto integrand = [&](double z) {
    const double below = normal_cdf(z);
    if (below == 0) return 0.0;
    const double some_far = -std::expm1(others * std::log1p(-std::min(1.0, normal_cdf(z - q) / below)));
    // Phi(z)^(k-1), where Phi is near 1 by its complement, so that a large k does not multiply rounding.
    const double all_below = z < 0 ? std::pow(below, others) : std::exp(others * std::log1p(-normal_cdf(-z)));
    return (others + 1) * normal_density(z) * all_below * some_far;
  };
  // Symmetric about q / 2 but for Phi(z)^(k-1), the integrand is below e^-100 of its peak outside this range.
  constexpr double kReach = 12;
  const double tail = boost::math::quadrature::gauss_kronrod<double, 61>::integrate(integrand, q / 2 - kReach,
                                                                                    q / 2 + kReach, 15, 1e-13);
  return std::min(1.0, tail);
}

double studentized_range_cdf(double q, int k) { return 1 - studentized_range_survival(q, k); }

double studentized_range_critical(double alpha, int k) {
  require_between_0_and_1(alpha, "studentised range: alpha");
  double high = 1;
  while (studentized_range_survival(high, k) > alpha) high *= 2;
  std::uintmax_t steps = 200;
  // Logarithms, so that a small alpha is met as closely as a large one.
  const auto excess = [&](double q) {
    return std::log(std::max(studentized_range_survival(q, k), std::numeric_limits<double>::min()) / alpha);
  };
  const auto [below, above] =
      boost::math::tools::toms748_solve(excess, 0.0, high, boost::math::tools::eps_tolerance<double>(45), steps);
  return below + (above - below) / 2;
}

}  // namespace mtlgrid

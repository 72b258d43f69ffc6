// The studentised range with infinitely many degrees of freedom: the range of k independent standard normal numbers.
//
// David and Nagaraja, Order Statistics (2003), section 2.3: P(range <= q) = k times the integral of
// phi(z) (Phi(z) - Phi(z - q))^(k-1) over z, z being the largest. The tail is integrated itself,
//   P(range > q) = k integral phi(z) Phi(z)^(k-1) (1 - (1 - Phi(z - q) / Phi(z))^(k-1)) dz,
// since the first factors alone integrate to 1; so a p-value of 1e-30 has as many digits as one of 0.5.
#pragma once

namespace mtlgrid {

// P(range > q) and P(range <= q) of `k` >= 2 numbers, q >= 0. The first is accurate to 1e-11 of itself, the second to
// 1e-11 in absolute terms. std::invalid_argument for other k, or for q that is negative or NaN.
double studentized_range_survival(double q, int k);
double studentized_range_cdf(double q, int k);

// The q that the range exceeds with probability `alpha` in (0, 1), to 1e-11 of itself; otherwise std::invalid_argument.
double studentized_range_critical(double alpha, int k);

}  // namespace mtlgrid

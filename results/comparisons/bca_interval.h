// The bias-corrected and accelerated bootstrap interval.
//
// Efron, JASA 82 (1987); Efron and Tibshirani, An Introduction to the Bootstrap (1993), equations 14.9 to 14.15. With
// z0 = Phi^-1 of the share of replicates below the estimate (equal ones one half) and the acceleration
//   a = sum U_i^3 / (6 (sum U_i^2)^(3/2)),    U_i = mean of the jackknife values - value without patient i,
// the interval is between the quantiles Phi(z0 + (z0 + z) / (1 - a (z0 + z))) of the replicates, z = -+ the normal
// quantile of the confidence. It corrects the percentile interval for bias and for a variance that changes with the
// value.
#pragma once

#include <span>
#include <string>

#include "results/records/records.h"

namespace mtlgrid {

struct BcaInterval {
  double low = kMissing, high = kMissing;
  double bias_correction = kMissing, acceleration = kMissing;  // z0 and a
  std::string reason;                                          // why there is no interval; empty where there is one
};

// `estimate` on all patients; `replicates` in any order; `jackknife` [patient], the value without each patient in turn.
// No interval without replicates, or where z0 is infinite (all replicates on one side of the estimate), where the
// jackknife values are equal or fewer than two, or where 1 - a (z0 + z) is not positive; scipy.stats.bootstrap, which
// is followed otherwise (quantiles with linear interpolation), gives NaN or whatever results there. Errors:
// Error(fatal) for a number that is not finite, std::invalid_argument for a confidence outside (0, 1).
BcaInterval bca_interval(double estimate, std::span<const double> replicates, std::span<const double> jackknife,
                         double confidence);

}  // namespace mtlgrid

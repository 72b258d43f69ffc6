// The corrected resampled t test: whether the mean difference of two methods over the folds of repeated
// cross-validation differs from 0.
//
// Nadeau and Bengio, Machine Learning 52 (2003): training sets overlap, so differences d_1 ... d_J of
// different splits are correlated, and s^2 / J underestimates the variance of their mean. With the correlation taken as
// n_test / (n_test + n_train), their estimate is (1 / J + n_test / n_train) s^2. For r repeats of k-fold
// cross-validation J = k r (Bouckaert and Frank, PAKDD 2004); R's correctR does the same
// (repkfold_ttest). The correlation is an assumption: no unbiased estimate of the variance exists (Bengio and
// Grandvalet 2004).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "results/records/records.h"

namespace mtlgrid {

struct CorrectedT {
  double mean = kMissing;               // of the differences, in their units
  double standard_error = kMissing;     // sqrt((1 / J + n_test / n_train) s^2); with zero variance 0
  double t = kMissing;                  // mean / standard_error
  std::int64_t degrees_of_freedom = 0;  // J - 1
  double p = kMissing;                  // two-sided, of Student's t
  double ci_low = kMissing, ci_high = kMissing;
  std::string reason;  // why there is no test; empty where t, p and interval are numbers
};

// `differences` [J], folds of all repeats in any order. `test_over_train` = n_test / n_train > 0: 1 / (k - 1) for
// k-fold cross-validation. Fewer than two differences have no standard error; equal ones (sample_moments.h) have zero
// variance and no test, since p = 0 would claim certainty. Errors: Error(fatal) for a difference that is not finite,
// std::invalid_argument for a ratio that is not positive and finite, or a confidence outside (0, 1).
CorrectedT corrected_t(std::span<const double> differences, double test_over_train, double confidence);

}  // namespace mtlgrid

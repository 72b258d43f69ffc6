// A t test of two methods' mean difference whose variance has two sources: training, seen as differences over folds and
// repeats, and patients who are the same in all of them.
//
// On held-out folds every fold has patients of its own, so the differences vary with them, and the second source is 0:
// this is then corrected_t.h and bayesian_t.h together. On an external cohort all cells predict the same patients.
// Their differences vary with training alone, and the variation from other patients, a bootstrap variance with the
// models held fixed, is added:
//   SE^2 = (1 / J + n_test / n_train) s^2 + v,    df = SE^4 / (a^2 / (J - 1) + v^2 / (n - 1)),   a = SE^2 - v
// (Satterthwaite, Biometrics Bulletin 2, 1946). Ours; the sum counts what training and patients do together twice, so
// it is not too small.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "results/records/records.h"

namespace mtlgrid {

// The second source. `variance` 0: there is none.
struct PatientVariance {
  double variance = 0;        // of the mean difference over patients, in squared units of the differences
  std::int64_t patients = 0;  // n >= 2 where the variance is not 0
};

struct CombinedT {
  double mean = kMissing, standard_error = kMissing;
  double degrees_of_freedom = kMissing;
  double t = kMissing, p = kMissing;  // two-sided
  double ci_low = kMissing, ci_high = kMissing;
  // Of the posterior of Student's t with this centre, scale and degrees of freedom: the mean difference is below
  // -rope, within, above rope.
  double worse = kMissing, equivalent = kMissing, better = kMissing;
  std::string reason;  // why there is no test; empty where there is one
};

// `differences` [J], signed so that higher is better; `rope` >= 0. No test for fewer than two differences, or where
// both sources have zero variance. Errors as corrected_t() and bayesian_t() have them; std::invalid_argument for a
// variance that is negative or not finite, or one without two patients.
CombinedT combined_t(std::span<const double> differences, double test_over_train, const PatientVariance& patients,
                     double confidence, double rope);

}  // namespace mtlgrid

// How many repeats of the cross-validation show a difference of a given size.
//
// The mean difference of two methods over R repeats has the variance fixed + shrinking / R: `shrinking` is the variance
// of one repeat's mean difference around the patients' own (initial weights, division into folds), `fixed` the part
// that more repeats do not reduce (these patients and no others). With z = Phi^-1(1 - level / 2), the two-sided test of
// a true difference d is significant in d's direction with probability
//   power(R) = Phi(d / sqrt(fixed + shrinking / R) - z),
// which is at least the power asked for if and only if
//   fixed + shrinking / R <= (d / (z + Phi^-1(power)))^2 =: limit,    R >= shrinking / (limit - fixed).
// Variances are taken as known: estimated ones, from few repeats, make the true number larger.
#pragma once

#include <cstdint>
#include <optional>

namespace mtlgrid {

// What is asked of the test; the defaults are the usual ones.
struct DetectionGoal {
  double difference = 0.02;  // the true difference, > 0, in the units of the metric
  double power = 0.8;        // probability of finding it, in (level / 2, 1)
  double level = 0.05;       // two-sided, in (0, 1)
};

// The two parts of the variance of a mean difference, in squared units of the metric, each >= 0.
struct DifferenceVariance {
  double shrinking = 0, fixed = 0;
};

// power(R) of R >= 1 repeats; 1 with zero variance. `goal.power` is not used. Errors: std::invalid_argument for numbers
// outside the ranges above.
double power_of_repeats(const DifferenceVariance& variance, const DetectionGoal& goal, std::int64_t repeats);

// The smallest R >= 1 whose power is at least `goal.power`. Nothing if no number of repeats suffices because `fixed`
// alone is at or above the limit (at the limit without a shrinking part one repeat suffices), and for more than 1e15.
std::optional<std::int64_t> required_repeats(const DifferenceVariance& variance, const DetectionGoal& goal);

}  // namespace mtlgrid

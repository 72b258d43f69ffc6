// An interval for a value between 0 and 1, such as an AUROC, that stays between them.
//
// The delta method on the logit scale (Pepe, The Statistical Evaluation of Medical Tests, 2003, chapter 5):
// logit(v) has the standard error se / (v (1 - v)); the interval logit(v) -+ z times that is transformed
// back. It is not symmetric: near 1 its lower side is the longer one.
#pragma once

#include <string>

#include "results/records/records.h"

namespace mtlgrid {

struct LogitInterval {
  double low = kMissing, high = kMissing;
  std::string reason;  // why there is no interval; empty where there is one
};

// `value` in [0, 1] with its standard error >= 0 in the same units. No interval for a value of 0 or 1, whose logit is
// infinite, or a standard error of 0, since a point would claim certainty. Errors: std::invalid_argument for other
// numbers, NaN included, or a confidence outside (0, 1).
LogitInterval logit_interval(double value, double standard_error, double confidence);

}  // namespace mtlgrid

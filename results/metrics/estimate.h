// What a metric gives: a number, or the reason why there is none.
#pragma once

#include <string>

#include "results/records/records.h"

namespace mtlgrid {

// `reason` says why `value` is NaN; read from a store it may also be "no CI: ..." beside a value, as in MetricRow.
struct Estimate {
  double value = kMissing;
  std::string reason;
};

}  // namespace mtlgrid

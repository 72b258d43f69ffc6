// Early stopping by the validation cross-entropy after each epoch. Pure.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>

namespace mtlgrid {

struct EarlyStopping {
  int best_epoch = 0;  // from 1; 0 before the first
  double best = std::numeric_limits<double>::infinity();

  // Records the value of `epoch`; returns whether it is a decrease (an equal value is not), so that these weights are
  // the best so far.
  bool improved(int epoch, double value) {
    if (!(value < best)) return false;
    best = value;
    best_epoch = epoch;
    return true;
  }
  // Whether training ends after `epoch`: `patience` epochs in a row brought no decrease.
  bool exhausted(int epoch, int patience) const { return epoch - best_epoch >= patience; }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EarlyStopping, best_epoch, best)

}  // namespace mtlgrid

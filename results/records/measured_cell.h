// How long a finished attempt took.
#pragma once

#include <string>

#include "base/cell.h"

namespace mtlgrid {

// A finished attempt. Times are its trainer's, so those of a pack are the pack's.
struct MeasuredCell {
  Cell cell;
  std::string device;  // as in Environment
  int threads = 1, pack = 1;
  int epochs = 0;
  double epoch_seconds = 0;  // of all epochs together
  double seconds = 0;        // from its start to its end; NaN if it was stopped and taken up again in between
};

}  // namespace mtlgrid

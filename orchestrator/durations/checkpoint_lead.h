// How long before the end of an allocation everything must be told to stop.
#pragma once

#include "orchestrator/durations/duration_model.h"

namespace mtlgrid {

// In seconds. A trainer hears nothing within a step; then it saves all cells that it trains.
struct StopLead {
  double step = 0;    // the longest one, of all cells that a trainer trains at the same time
  double save = 0;    // by one trainer at kAssumedBytesPerSecond
  double margin = 0;  // messages, the coordinator's last commit
  int saved = 1;      // cells
  double seconds() const { return step + save + margin; }
};
StopLead stop_lead(const Plan& plan, const LearnedLengths& lengths);

// A guess for a shared file system, for the time that a checkpoint takes.
inline constexpr double kAssumedBytesPerSecond = 100e6;

}  // namespace mtlgrid

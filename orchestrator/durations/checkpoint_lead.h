// How long before the end of an allocation every trainer must be told to checkpoint.
#pragma once

#include "orchestrator/durations/duration_model.h"

namespace mtlgrid {

// All times in seconds. A trainer hears nothing during a step; after the step it saves every cell that it trains.
struct CheckpointLead {
  double step = 0;    // the longest step, summed over the cells that a trainer trains at the same time
  double save = 0;    // time to write the checkpoints at kAssumedBytesPerSecond
  double margin = 0;  // messages and the coordinator's last commit
  int saved = 1;      // cells that a trainer saves
  double seconds() const { return step + save + margin; }
};
CheckpointLead checkpoint_lead(const Plan& plan, const DurationModel& durations);

// Its sum of seconds, at least 30 s: what `run --ends` subtracts from the end of the allocation.
double checkpoint_lead_seconds(const Plan& plan, const DurationModel& durations);

// Write speed assumed for a checkpoint on a shared file system; guessed.
inline constexpr double kAssumedBytesPerSecond = 100e6;

}  // namespace mtlgrid

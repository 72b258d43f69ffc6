// How long a plan will take, by number of trainers, and how many jobs of a walltime it needs.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/durations/duration_model.h"

namespace mtlgrid {

// In seconds: half of all outcomes exceed `expected`, one in ten is below `low`, one in ten above `high`.
struct PredictedTime {
  int trainers = 1;
  double expected = 0, low = 0, high = 0;
};
// Times for `cells` and each number of trainers, where the trainer that is free first takes the cell with the longest
// expected duration. They come from drawn durations (DurationModel::draws), so the range covers what all cells share
// (the speed of the device) and, at its upper end, the few cells that take longer than expected.
std::vector<PredictedTime> predict_times(const DurationModel& durations, const std::vector<Cell>& cells,
                                         const std::vector<int>& trainers);

// Number of consecutive jobs of `walltime` seconds that `seconds` of work need, if each loses `lead` seconds at its end
// and some at its start. 0: the walltime is too short for any work.
int jobs_needed(double seconds, double walltime, double lead);

// The table for 1 to 64 trainers, and what it is based on.
std::string times_text(const Plan& plan, const DurationModel& durations, const std::vector<Cell>& left);

}  // namespace mtlgrid

// How long a plan will take: by number of workers, and in jobs of a walltime.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/durations/duration_model.h"

namespace mtlgrid {

// In seconds: half of all outcomes are above `expected`, one in ten below `low`, one in ten above `high`.
struct PredictedTime {
  int workers = 1;
  double expected = 0, low = 0, high = 0;
};
// Of `cells`, the longest expected first to whichever worker is free, for each number of workers. What it comes from
// are durations drawn out of what is known (DurationModel::draws): the range has what is common to all cells (the
// device's speed), and at its end the few that take longer than thought.
std::vector<PredictedTime> predict_times(const DurationModel& durations, const std::vector<Cell>& cells,
                                         const std::vector<int>& workers);

// Jobs of `walltime` seconds, one after the other, that `seconds` of work need, where each gives up `lead` seconds at
// its end and some at its start. 0: the walltime is too short for any.
int jobs_needed(double seconds, double walltime, double lead);

// The table for 1 to 64 workers, and what it is based on.
std::string times_text(const Plan& plan, const DurationModel& durations, const std::vector<Cell>& left);

}  // namespace mtlgrid

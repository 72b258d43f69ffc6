// How long a queue of cells keeps a number of trainers busy.
#pragma once

#include <vector>

namespace mtlgrid {

// Seconds until the last cell is done. `running`: the remaining seconds of the cells that occupy a slot now, one slot
// each. `queued`: the durations of the waiting cells, in order; the slot that becomes free first takes the next one.
// `slots` is at least the number of running cells. Cost: (running + queued) * log(slots).
double remaining_makespan(std::vector<double> running, const std::vector<double>& queued, int slots);

}  // namespace mtlgrid

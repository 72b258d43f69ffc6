// What `mtlgrid plan` prints.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/durations/duration_model.h"
#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// What the plan's store says of it.
struct PlanStanding {
  DurationModel durations;  // learned from its results
  std::vector<Cell> left;   // cells that are not done
};
// Without a store, or where it has another grid alone: nothing learned, and all cells. Reads it while it is in use,
// too.
PlanStanding plan_standing(const Plan& plan);

// Dropped patients and slides counted by reason, or (`every_drop`) each by name.
std::string drops_table(const std::vector<GridRecord::DropRow>& drops, bool every_drop);

// Settings, grid, patients a pair, dropped patients and slides by reason (with `every_drop` each by name), disk space,
// expected times for 1 to 64 workers with the jobs that they need, and the lead time a walltime signal needs.
std::string plan_report(const Plan& plan, const PlanStanding& standing, bool every_drop);

}  // namespace mtlgrid

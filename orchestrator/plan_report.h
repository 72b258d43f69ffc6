// What `mtlgrid plan` prints.
#pragma once

#include <optional>
#include <string>

#include "orchestrator/plan.h"

namespace mtlgrid {

// Speed of a worker, in floating-point operations a second.
struct WorkerSpeed {
  double flops;
  int measured_cells = 0;  // finished cells of this grid that it was measured on; 0: assumed
};

// The speed measured on the epochs of finished cells of this grid in its store; nullopt where there are none.
std::optional<WorkerSpeed> measured_speed(const Plan& plan);

// Dropped patients and slides counted by reason, or (`every_drop`) each by name.
std::string drops_table(const std::vector<GridRecord::DropRow>& drops, bool every_drop);

// Settings, grid, patients a pair, dropped patients and slides by reason (with `every_drop` each by name), disk space,
// expected times for 1 to 64 workers, and the lead time a walltime signal needs.
std::string plan_report(const Plan& plan, const std::optional<WorkerSpeed>& measured, bool every_drop);

}  // namespace mtlgrid

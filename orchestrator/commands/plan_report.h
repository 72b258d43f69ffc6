// What `mtlgrid plan` prints.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/durations/duration_model.h"
#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// What the plan's store contains of its grid.
struct PlanStanding {
  DurationModel durations;                 // learned from the results
  std::vector<Cell> left;                  // cells that are not done
  std::vector<std::string> other_grids{};  // lines (orchestrator/commands/other_grids.h)
};
// Without a store, or if it holds other grids only: nothing learned, and all cells. Also reads a store in use.
PlanStanding plan_standing(const Plan& plan);

// Dropped patients and slides: counts by reason, one row for the pairs of a biomarker in which they are equal; or with
// `every_drop` each one by name.
std::string drops_table(const std::vector<GridRecord::DropRow>& drops, bool every_drop);

// Settings, grid, patients per pair, folds of site groups (plan_sites.h), classes, auxiliary values and inferences
// (plan_classes.h), dropped patients and slides, disk space, expected times and jobs for 1 to 64 trainers, and the lead
// time that a walltime signal needs.
std::string plan_report(const Plan& plan, const PlanStanding& standing, bool every_drop);

}  // namespace mtlgrid

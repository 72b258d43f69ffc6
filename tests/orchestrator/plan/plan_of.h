// The plan of a small grid, its features read in this process.
#pragma once

#include "orchestrator/plan/plan.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid::testing {

inline Plan plan_of(const SmallGrid& grid) {
  FingerprintMemory memory;
  return make_plan(load_config(grid.path("c.ini")), memory);
}

}  // namespace mtlgrid::testing

// What a plan has to do with the grids that its store holds already: which one it continues, or in what it differs from
// them, what that costs, and how to get back.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "orchestrator/plan/plan.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// Lines for `plan`; none if the store holds no other grid and nothing differs. The grid that shares most with the plan
// comes first and in full, the others have a line each. Text from tables and configurations is not escaped.
std::vector<std::string> other_grids(const Plan& plan, const Database& database);

// At most six lines for `run` and `cell`, before they register the plan's grid to train `cells` of it; none where they
// continue a grid that has results.
std::vector<std::string> new_grid_warning(const Plan& plan, std::size_t cells, const Database& database);

// Whether the store holds the plan's grid.
bool holds_grid_of(const Plan& plan, const Database& database);

}  // namespace mtlgrid

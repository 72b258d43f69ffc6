// The list of a store's grids that `mtlgrid status` shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/grids/grid_choice.h"

namespace mtlgrid {

// A row a grid: id, cells, when it was registered, the beginning of its identity, and what tells it apart; and which
// grid is shown below. Empty for a store with one grid. Printable.
std::string render_grids(const std::vector<GridRow>& grids, std::int64_t shown);

}  // namespace mtlgrid

// Reading from a store how long its cells took.
#pragma once

#include <cstdint>
#include <vector>

#include "results/records/measured_cell.h"

namespace mtlgrid {

class Database;

// Every attempt of the grid that ended with a result and has epochs whose times are known, in the order of cells and
// attempts.
std::vector<MeasuredCell> read_measured(const Database& database, std::int64_t grid_id);

}  // namespace mtlgrid

// Reads a result from the store.
#pragma once

#include <cstdint>

#include "results/records/records.h"

namespace mtlgrid {

class Database;

// The result that counts of a cell of `grid`, equal to what was committed (NULL becomes NaN, and -0 becomes 0).
// Throws InputError if the cell has no result.
CellResult read_result(const Database& database, std::int64_t grid, const Cell& cell);

}  // namespace mtlgrid

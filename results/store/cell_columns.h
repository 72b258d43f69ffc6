// A cell as a row of the table `cells`: how statements name its columns, select and read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cell.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// The columns of a cell, in the order in which cell_at() reads them; no other table has columns of these names but
// `splits`.
inline const std::string kCellColumns = "biomarker, auxiliary, method, fold, repeat";
inline constexpr int kCellColumnCount = 5;

// The condition that a row is one cell of one grid; bind_cell() binds its parameters.
inline const std::string kIsCell =
    "grid_id = ? AND biomarker = ? AND auxiliary = ? AND method = ? AND fold = ? AND repeat = ?";

// The cell whose columns begin at `first` of the present row.
Cell cell_at(const Statement& row, int first = 0);

// Binds the first parameters of `statement` to a grid and a cell.
Statement& bind_cell(Statement& statement, std::int64_t grid, const Cell& cell);

// All cells of a grid, in its order; with `done` those that have a result.
std::vector<Cell> cells_of(const Database& database, std::int64_t grid, bool done = false);

}  // namespace mtlgrid

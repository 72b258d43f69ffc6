// A finished cell of a store, for the commands that use its weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/cell.h"

namespace mtlgrid {

struct TrainedCell {
  Cell cell;
  std::int64_t grid_id = 0;
  nlohmann::json settings;        // the grid's resolved configuration
  int threads = 1;                // threads of the trainer of the attempt that counts
  std::filesystem::path weights;  // existing file with the best weights of that attempt
};

// Without `grid`, looks where choose_grid() does (results/grids/grid_choice.h). Throws InputError if the store, grid or
// cell does not exist, the cell has no result, or its weights were not kept.
TrainedCell find_trained_cell(const std::filesystem::path& store, const Cell& cell, std::optional<std::int64_t> grid);

// The auxiliary values of the training cohort's patients, in table units, as far as the cell's pair and method have
// results: those of the test folds.
std::vector<double> trained_targets(const std::filesystem::path& store, const TrainedCell& trained);

}  // namespace mtlgrid

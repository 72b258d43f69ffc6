// A finished cell of a store, for the commands that use its weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/cell.h"

namespace mtlgrid {

struct TrainedCell {
  Cell cell;
  std::int64_t grid_id = 0;
  nlohmann::json settings;        // the grid's resolved configuration
  int threads = 1;                // of the trainer of the attempt that counts
  std::filesystem::path weights;  // that attempt's file of best weights; it exists
};

// Without `grid`: in the newest. Throws InputError if there is no such store, grid or cell, it has no result, or its
// weights were not kept.
TrainedCell find_trained_cell(const std::filesystem::path& store, const Cell& cell, std::optional<std::int64_t> grid);

}  // namespace mtlgrid

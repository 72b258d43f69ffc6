// A finished cell of a store, for the commands that use its weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/cell.h"
#include "results/store/reading.h"
#include "trainer/contract/requests.h"
#include "trainer/formats/weights.h"

namespace mtlgrid {

struct TrainedCell {
  Cell cell;
  std::int64_t grid_id = 0;
  nlohmann::json settings;        // the grid's resolved configuration
  int threads = 1;                // threads of the trainer of the attempt that counts
  std::filesystem::path weights;  // existing file with the best weights of that attempt
  std::string identity;           // of the grid
};

// Without `grid`, looks where choose_grid() does (results/grids/grid_choice.h). Throws InputError if the store, grid or
// cell does not exist, the cell has no result, or its weights were not kept.
TrainedCell find_trained_cell(const std::filesystem::path& store, const Cell& cell, std::optional<std::int64_t> grid);

// The cell's weights, for a trainer.
WeightsOfCell weights_of(const TrainedCell& trained);
// Throws InputError if the file is damaged, or has weights of another cell or grid (require_weights_of()).
Weights read_weights_of(const TrainedCell& trained);
// For people: that an earlier version wrote these weights, which does not say of which grid they are; "" if they do.
std::string unknown_grid_note(const TrainedCell& trained, const Weights& weights);
// What `read` takes out of the settings of `trained`, a grid of `store`. Throws InputError that names the store if they
// do not have the shape that a run gives them.
template <typename Read>
auto read_settings(const std::filesystem::path& store, const TrainedCell& trained, Read&& read) {
  try {
    return read(trained.settings);
  } catch (const nlohmann::json::exception& e) {
    throw written_by_no_run(store, "settings of grid " + std::to_string(trained.grid_id) + ": " + e.what());
  }
}

// The auxiliary values of the training cohort's patients, in table units, as far as the cell's pair and method have
// results: those of the test folds.
std::vector<double> trained_targets(const std::filesystem::path& store, const TrainedCell& trained);

}  // namespace mtlgrid

// The cells of a simulation as they really are, which the coordinator does not know.
#pragma once

#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/cell.h"

namespace mtlgrid::simulation {

enum class Nature { healthy, always_fails, always_crashes, takes_rank_down };

struct SimulatedCell {
  Cell cell;
  double expected = 1;  // seconds, as the coordinator is told
  double seconds = 1;   // of training alone on one trainer, evaluation included
  int epochs = 1;       // that it trains, early stopping included; all of the same length
  Nature nature = Nature::healthy;
  double breaks_at = 0;  // seconds of its work, where its nature is not healthy; below `seconds`
  double epoch_seconds() const { return seconds / epochs; }
};

// Cells and their indices by name.
class SimulatedGrid {
 public:
  explicit SimulatedGrid(std::vector<SimulatedCell> cells);
  const std::vector<SimulatedCell>& cells() const { return cells_; }
  std::size_t size() const { return cells_.size(); }
  const SimulatedCell& operator[](std::size_t i) const { return cells_[i]; }
  // Throws std::out_of_range for a cell that is none of them.
  std::size_t index(const Cell& cell) const { return by_name_.at(cell.name()); }

 private:
  std::vector<SimulatedCell> cells_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

// What the coordinator is told of the cells' lengths.
enum class Estimate {
  learned,  // the true length, off by 25 % (lognormal)
  prior,    // operations of all epochs (orchestrator/durations/cost.h): knows nothing of early stopping
};

// The paper's 595 cells, 7 pairs x 17 methods x 5 folds: operations by the plan's own formulas over cohorts of the
// paper's order of size with lognormal bags, at 100 GFLOP/s; early stopping after 10 to 32 epochs.
std::vector<SimulatedCell> paper_cells(unsigned seed, Estimate estimate = Estimate::learned);

// A small grid for faults: `groups` groups of 6 methods, cells of 1 to 10 minutes.
std::vector<SimulatedCell> short_cells(std::mt19937& random, int groups);

}  // namespace mtlgrid::simulation

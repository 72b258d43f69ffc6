// From a configuration to everything a run needs: data joined and checked, splits made, cells listed.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "datasets/cohort.h"
#include "datasets/fingerprint_memory.h"
#include "orchestrator/config/config.h"
#include "results/records/grid_record.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

struct Plan {
  Config config;
  Experiment experiment;
  GridRecord grid;  // its cells are the grid, in the order pair, method, fold
  std::vector<Cohort> cohorts;
};

// Loads every cohort (features are read once and remembered in STORE.d/fingerprints), joins pairs, makes folds.
// Writes nothing; `memory` is filled, for the caller to save. Throws InputError with every problem found in all
// cohorts and pairs at once.
Plan make_plan(const Config& config, FingerprintMemory& memory);

// The grid's cells that `only` selects: comma-separated `key=value|value` terms over biomarker, auxiliary, method, fold
// ("" selects all). Throws InputError for unknown keys, and for values that no cell has, naming the known ones.
std::vector<Cell> select_cells(const std::vector<Cell>& cells, const std::string& only);

}  // namespace mtlgrid

// A grid as the store registers it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/cell.h"
#include "datasets/cohorts/drop.h"
#include "results/records/split_rows.h"

namespace mtlgrid {

// Everything that decides the results of the grid's cells, and what the account of patients needs.
struct GridRecord {
  std::string identity;     // hex hash of `settings` and data fingerprints: the same identity is the same grid
  nlohmann::json settings;  // the resolved configuration
  std::vector<Cell> cells;
  SplitRows splits;
  struct DropRow {
    std::string biomarker, auxiliary;  // empty where the drop concerns the whole cohort
    Drop drop;
  };
  std::vector<DropRow> drops;
  // A biomarker's cohorts in the configuration's order: the tables' names for `test` and columns for cohorts without
  // any result yet. May be empty: then external cohorts appear with their first result.
  struct CohortRow {
    std::string biomarker, cohort, role;  // train, external
  };
  std::vector<CohortRow> cohorts;
};

}  // namespace mtlgrid

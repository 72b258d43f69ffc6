// The predictions that count of a grid's cells, out of a store.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/cell.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

struct StoredPrediction {
  std::string patient;
  std::optional<int> label;                         // 1 positive, 0 negative
  double score = 0;                                 // P(positive)
  double log_odds = 0, target = 0, prediction = 0;  // NaN where there is none; the last two in table units
};

// A cell's predictions for one cohort ("test" is the held-out fold), in the order in which they were committed.
struct CohortPredictions {
  Cell cell;
  std::string cohort;
  std::vector<StoredPrediction> rows;
};

// Calls `take` for every cohort of every cell of `grid` that has a result and is among `cells` (nullopt: all), in the
// order of the cells. One cohort of one cell is in memory at a time.
void each_cohort(const Database& database, std::int64_t grid, const std::optional<std::set<Cell>>& cells,
                 const std::function<void(const CohortPredictions&)>& take);

}  // namespace mtlgrid

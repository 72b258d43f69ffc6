// The grids that a store holds, and how far each is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "results/store/sqlite.h"

namespace mtlgrid {

struct StoredGrid {
  std::int64_t id = 0;
  std::string identity;  // hex hash, as in GridRecord
  double created = 0;    // seconds since 1970, UTC: when it was registered first
  bool slides = false;   // its cells are slides (`mtlgrid extract`)
  int cells = 0, done = 0, failed = 0;
  double last = 0;  // when the newest of its attempts began or ended, seconds since 1970; 0: it has none

  // "6 of 6 cells done", "3 of 6 slides done, 1 failed".
  std::string progress() const;
};

// Every grid, by ascending id. Reads no results; costs a pass over cells and attempts.
std::vector<StoredGrid> read_grids(const Database& database);

}  // namespace mtlgrid

// What the store knows of how long cells took.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cell.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

// A finished attempt. Times are its trainer's, so those of a pack are the pack's.
struct MeasuredCell {
  Cell cell;
  std::string device;  // as in Environment
  int threads = 1, pack = 1;
  int epochs = 0;
  double epoch_seconds = 0;  // of all epochs together
  double seconds = 0;        // from its start to its end; NaN if it was stopped and taken up again in between
};

// Every attempt of the grid that ended with a result and has epochs whose times are known, in the order of cells and
// attempts. Reads the database alone.
std::vector<MeasuredCell> read_measured(const Database& database, std::int64_t grid_id);

}  // namespace mtlgrid

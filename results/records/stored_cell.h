// A cell as the store knows it.
#pragma once

#include <string>

#include "base/cell.h"

namespace mtlgrid {

enum class CellState { pending, running, done, failed };

// What the store knows of a cell when a run begins.
struct StoredCell {
  Cell cell;
  CellState state = CellState::pending;
  int attempts = 0;        // attempts begun so far
  int result_attempt = 0;  // the one that counts; 0 if none
  std::string cause;       // of the last failure
  int crashed = 0;         // attempts whose trainer died, and whose worker was lost: what the retries are counted by
  int lost = 0;
  int cut_off = 0;  // newest attempts in a row during which their worker was lost or the whole run ended
};

}  // namespace mtlgrid

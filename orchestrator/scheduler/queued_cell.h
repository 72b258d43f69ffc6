// A cell that is to be run, made from what the store and earlier attempts' folders know of it.
#pragma once

#include <string>
#include <vector>

#include "base/cell.h"

namespace mtlgrid {

struct StoredCell;

struct QueuedCell {
  Cell cell;
  int attempts = 0;                 // begun before this run
  double cost = 1;                  // expected length, in any unit but where the coordinator's `durations` says seconds
  std::vector<std::string> resume;  // folders of earlier attempts to resume from, newest first
  int losses = 0;  // newest attempts in a row during which its worker or the whole run ended, before any checkpoint
};

// `folder` holds the attempts of the grid's cells. The next attempt's number is above all in store and on disk; the
// cost is left to the caller. `resume`: resume from earlier attempts' checkpoints.
QueuedCell make_queued_cell(const StoredCell& stored, const std::string& folder, bool resume);

}  // namespace mtlgrid

// How long cells take.
#pragma once

#include <vector>

#include "results/records.h"

namespace mtlgrid {

struct CellLengths {
  virtual ~CellLengths() = default;
  // Seconds of a trainer's time for the whole cell, alone.
  virtual double expected(const Cell& cell) const = 0;
  // A cell is done: what is expected of others may change.
  virtual void observe(const CellResult& result) = 0;
};

// Seconds until the last cell is done: `running` are what is left of those that occupy a slot each, `queued` are taken
// in their order by the slot that is free first. `slots` is at least the number of running ones.
double remaining_makespan(std::vector<double> running, std::vector<double> queued, int slots);

}  // namespace mtlgrid

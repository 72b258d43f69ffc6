// The interface through which the coordinator asks how long cells take.
#pragma once

#include "base/cell.h"
#include "results/records/records.h"

namespace mtlgrid {

class CellDurations {
 public:
  virtual ~CellDurations() = default;
  // Expected seconds of a trainer's time for the whole cell, trained alone.
  virtual double expected(const Cell& cell) const = 0;
  // Learns from a finished cell; expected() of the other cells may change.
  virtual void observe(const CellResult& result) = 0;
};

}  // namespace mtlgrid

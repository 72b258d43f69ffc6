// Where the coordinator's decisions are made durable: the store, or a fake in tests.
#pragma once

#include "base/cell.h"
#include "results/records/attempt_failure.h"
#include "results/records/records.h"

namespace mtlgrid {

// A throw ends the run.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual void begin_attempt(const Cell& cell, int attempt, const Environment& where, double started) = 0;
  virtual bool commit_result(const CellResult& result) = 0;
  virtual void commit_failure(const AttemptFailure& failure) = 0;
  // A failed cell is queued again: its host was at fault.
  virtual void reopen(const Cell& cell) = 0;
};

}  // namespace mtlgrid

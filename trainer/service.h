// What a trainer process does with one cell; the server calls it, tests and `--empty` put others in its place. No
// torch.
#pragma once

#include <optional>

#include "results/records.h"
#include "trainer/protocol.h"

namespace mtlgrid {

// The outside world during a cell's training.
class CellControl {
 public:
  virtual ~CellControl() = default;
  // Asked between steps: whether to checkpoint and leave the cell.
  virtual bool stop_requested() = 0;
  // An epoch is done (or: training goes on from this one).
  virtual void progress(int epoch, int epochs) = 0;
};

class CellService {
 public:
  virtual ~CellService() = default;
  virtual Environment environment() const = 0;
  // Trains and evaluates the cell. nullopt: stopped on request, a checkpoint is in `train.directory`. Throws
  // Error(cell_failed) or InputError if this cell cannot be trained, Error(needs_person) if the disk is full.
  virtual std::optional<CellResult> run(const Train& train, CellControl& control) = 0;
  // The result has been handed over: what was kept to go on from can be removed.
  virtual void finished(const Train& train) = 0;
};

// Answers every cell at once with an empty result: for measuring everything but training.
class EmptyService : public CellService {
 public:
  explicit EmptyService(int rank) : rank_(rank) {}
  Environment environment() const override;
  std::optional<CellResult> run(const Train& train, CellControl& control) override;
  void finished(const Train&) override {}

 private:
  int rank_;
};

}  // namespace mtlgrid

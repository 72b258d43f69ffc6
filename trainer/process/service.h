// What a trainer process does with a pack of cells; the server calls it, tests and `--empty` put others in its place.
// No torch.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "results/records/records.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

// The outside world while a pack is trained. Every member gets exactly one of finished, failed and stopped.
class PackControl {
 public:
  virtual ~PackControl() = default;
  // Asked between steps: whether to checkpoint and leave all cells.
  virtual bool stop_requested() = 0;
  // Asked then too: whether to checkpoint and leave this cell alone.
  virtual bool release_requested(const Train& member) = 0;
  // An epoch of a member is done (or: its training goes on from this one).
  virtual void progress(const Train& member, int epoch, int epochs) = 0;
  virtual void finished(const Train& member, const CellResult& result) = 0;
  // cell_failed, bad_input or out_of_memory.
  virtual void failed(const Train& member, const Error& error) = 0;
  // On request; a checkpoint is in `member.directory`.
  virtual void stopped(const Train& member) = 0;
};

// Whether an error is a cell's own, to be told of by PackControl::failed: the process goes on.
bool is_of_cell(const Error& error);

class CellService {
 public:
  virtual ~CellService() = default;
  virtual Environment environment() const = 0;
  // As in Ready.
  virtual int largest_pack() const { return 0; }
  // As in Ready.
  virtual std::string staging_lacks() const { return "this trainer has no GPU"; }
  // The id of a communicator. Throws Error.
  virtual std::string staging_id();
  // Takes part in staging, which happens before the first cell; `stop` is asked now and then. What goes wrong is in the
  // answer.
  virtual Staged stage(const Stage& order, const std::function<bool()>& stop);
  // Trains and evaluates the members, which are one pack. An error that it throws and that is_of_cell() fails all
  // members that have had no answer; Error(needs_person) if the disk is full.
  virtual void run(const std::vector<Train>& members, PackControl& control) = 0;
  // Whether attempts have logs of their own (attempt_log.h).
  virtual bool keeps_logs() const { return true; }
};

// Answers every cell with an empty result, after `seconds` in which it does nothing but hear what it is asked: for
// measuring everything but training (0 seconds), and for rehearsals.
class EmptyService : public CellService {
 public:
  EmptyService(int rank, double seconds) : rank_(rank), seconds_(seconds) {}
  Environment environment() const override;
  void run(const std::vector<Train>& members, PackControl& control) override;
  bool keeps_logs() const override { return seconds_ > 0; }

 private:
  int rank_;
  double seconds_;
};

}  // namespace mtlgrid

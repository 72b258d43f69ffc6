// The service of a trainer process: trains packs of cells. The server calls it; tests and `--empty` substitute others.
// No torch.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "results/records/records.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

// The connection to the rank while a pack is trained. Every member gets exactly one of finished, failed and stopped.
class PackControl {
 public:
  virtual ~PackControl() = default;
  // Called between steps: whether to checkpoint and stop all cells.
  virtual bool stop_requested() = 0;
  // Called at the same points: whether to checkpoint and stop this cell only.
  virtual bool release_requested(const Train& member) = 0;
  // The member's training continues in this epoch, from a checkpoint.
  virtual void resumed(const Train& member, int epoch, int epochs) = 0;
  // An epoch of a member is done, with these losses.
  virtual void progress(const Train& member, int epoch, int epochs, const EpochLosses& losses) = 0;
  virtual void finished(const Train& member, const CellResult& result) = 0;
  // An error that is_of_cell().
  virtual void failed(const Train& member, const Error& error) = 0;
  // The member was stopped on request; its checkpoint is in `member.directory`.
  virtual void stopped(const Train& member) = 0;
};

// Whether an error concerns the cell alone: PackControl::failed reports it, and the process continues.
bool is_of_cell(const Error& error);
// Whether it is one of these and a SystemError: not the cell's fault.
bool is_of_system(const Error& error);

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
  // Takes part in staging, which happens before the first cell; `stop` is called periodically. Failures are reported in
  // the answer, not thrown.
  virtual Staged stage(const Stage& order, const std::function<bool()>& stop);
  // Trains and evaluates the members, which are one pack. If it throws an error that is_of_cell(), all members without
  // an answer fail with it. Throws Error(needs_person) if the disk is full.
  virtual void run(const std::vector<Train>& members, PackControl& control) = 0;
  // Whether each attempt has its own log (attempt_log.h).
  virtual bool keeps_logs() const { return true; }
};

// Answers every cell with an empty result after `seconds`, during which it only handles requests: for measuring
// everything but training (0 seconds), and for rehearsals.
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

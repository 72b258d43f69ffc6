// The cells of a run: which are queued, running, done or failed, and how far they are.
//
// Invariants, which sanity_check() derives again from the cells: a cell is in the queue exactly while it is queued; it
// has a place exactly while it runs; the counts are the sums over all cells; a cell that was moved is queued. A call
// takes constant time or the logarithm of the number of cells, but for recost() and sanity_check().
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/scheduler/event_time.h"
#include "orchestrator/scheduler/queued_cell.h"
#include "orchestrator/scheduler/slot_address.h"
#include "orchestrator/scheduler/work_queue.h"
#include "results/records/records.h"

namespace mtlgrid {

class CellDurations;

// `resting`: not tried again in this run, and pending for the next.
enum class CellPhase { queued, running, done, failed, resting };

// What is remembered of a cell's bad ends; the rules that read and write it are in outcomes.h and suspects.h.
struct CellFaults {
  int crashes = 0;     // of trainers that trained this cell alone
  int hindrances = 0;  // attempts that the system kept from reading a file
  int losses = 0;      // newest attempts in a row during which its worker or the run ended, without progress
  int pack_limit = largest_pack();  // halved whenever a pack with this cell dies: so the culprit is found
  int crashed_on = -1;              // worker of the last crash: another one tries the cell next, if there is one
  bool reopened = false;            // ended badly on a host that was at fault: retried elsewhere once
};

struct TrackedCell {
  Cell cell;
  double cost = 1;                  // as in QueuedCell
  std::vector<std::string> resume;  // as in QueuedCell
  int earlier_attempts = 0;         // begun before this run
  int attempt = 0;                  // newest begun
  std::vector<int> holders{};       // the workers that the attempts begun in this run were given to
  CellPhase phase = CellPhase::queued;
  bool has_result = false;  // a late result of an attempt that was given up counts already
  CellFaults faults;

  // While running.
  SlotAddress at{-1, -1};
  int epoch = 0, epochs = 0;    // as far as is known
  EpochLosses losses;           // of that epoch
  double fraction = 0;          // of its epochs done
  double begun = 0, since = 0;  // when it began, and when `fraction` last grew (steady)
  double begun_wall = 0;        // when it began, seconds since 1970
  bool from_scratch = true;     // this attempt began without a checkpoint
  int resumed = 0;              // the epoch in which it continued from one, as far as is known; 0: it did not
};

struct CellCounts {
  bool slides = false;  // the cells are slides
  int total = 0, done = 0, failed = 0, running = 0, pending = 0;
  double cost_done = 0, cost_total = 0;  // running cells count by their epochs done
};

class CellTable {
 public:
  // All cells are queued, the longest expected first: this is the order of their indices.
  explicit CellTable(std::vector<QueuedCell> cells);
  CellTable(const CellTable&) = delete;  // the queue refers to the cells
  CellTable& operator=(const CellTable&) = delete;

  std::size_t size() const { return cells_.size(); }
  const TrackedCell& operator[](std::size_t index) const { return cells_[index]; }
  CellFaults& faults(std::size_t index) { return cells_[index].faults; }
  // nullopt for a cell that is not of this run.
  std::optional<std::size_t> find(const Cell& cell) const;
  const WorkQueue& queue() const { return queue_; }
  const CellCounts& counts() const { return counts_; }
  // Queued cells that were released for an idle trainer.
  std::size_t moved() const { return moved_.size(); }

  // A queued cell begins its next attempt at `at`. Throws Error(fatal) if it is not queued.
  void start(std::size_t index, SlotAddress at, EventTime now);
  // The newest attempt may have left a checkpoint in `folder`.
  void add_resume(std::size_t index, const std::string& folder);
  // A running cell's training continued in `epoch`, from a checkpoint.
  void resume_in(std::size_t index, int epoch) { cells_[index].resumed = epoch; }
  // A running cell has finished `epoch` of `epochs`; what it lost since an earlier report does not count.
  void advance(std::size_t index, int epoch, int epochs, const EpochLosses& losses, double steady);
  // From any phase.
  void requeue(std::size_t index) { set_phase(index, CellPhase::queued); }
  void finish(std::size_t index) { set_phase(index, CellPhase::done); }
  void fail(std::size_t index) { set_phase(index, CellPhase::failed); }
  void rest(std::size_t index) { set_phase(index, CellPhase::resting); }
  void keep_result(std::size_t index) { cells_[index].has_result = true; }
  // A queued cell was released for an idle trainer.
  void mark_moved(std::size_t index);
  // Takes the costs from `durations`, which has learned since. Looks at all cells.
  void recost(const CellDurations& durations);

  // Throws Error(fatal) naming the invariant that does not hold.
  void sanity_check() const;

 private:
  void set_phase(std::size_t index, CellPhase phase);
  void count(const TrackedCell& cell, int by);

  std::vector<TrackedCell> cells_;
  std::unordered_map<std::string, std::size_t> by_name_;
  WorkQueue queue_;  // of indices
  std::set<std::size_t> moved_;
  CellCounts counts_;
};

}  // namespace mtlgrid

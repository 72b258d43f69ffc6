// The workers of a run: who is there, what their trainers' slots do, and who may get cells.
//
// Invariants, which sanity_check() derives again from the workers: the totals are the sums over all workers; `ready`
// are the ready slots of workers that may get cells, `busy` the busy slots of all; a worker holds a lease exactly while
// it is alive and has not said bye; a slot is busy exactly while it has cells. A change takes time in the slots of its
// worker and the logarithm of the number of workers.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/scheduler/slot_address.h"
#include "orchestrator/scheduler/trainer_slot.h"

namespace mtlgrid {

struct WorkerEntry {
  std::string host;
  std::vector<TrainerSlot> slots;
  double last_heard = 0;                            // steady
  bool alive = true, leaving = false, bye = false;  // alive: its lease has not expired

  bool heard() const { return alive && !bye; }
  // Cells that run on it.
  std::size_t cells() const;
};

// Numbers of all workers, or of one: `workers` and `slots` of those that are heard of, without broken slots; `silent`
// ones lost their leases; `usable` ones may get cells; `hopeful` ones may come to be usable; `busy` slots.
struct WorkerTotals {
  int workers = 0, slots = 0, silent = 0, usable = 0, hopeful = 0, busy = 0;
  bool operator==(const WorkerTotals&) const = default;
};

class WorkerTable {
 public:
  const std::map<int, WorkerEntry>& all() const { return workers_; }
  const WorkerEntry* find(int worker) const;
  const WorkerEntry& at(int worker) const { return workers_.at(worker); }
  // nullptr if the worker has no such slot. The worker must be known.
  const TrainerSlot* slot(SlotAddress at) const;
  const WorkerTotals& totals() const { return totals_; }
  const WorkerTotals& totals_of(int worker) const { return shares_.at(worker); }
  const std::set<SlotAddress>& ready() const { return ready_; }
  const std::set<SlotAddress>& busy() const { return busy_; }
  // Whether a worker of another host may get cells.
  bool others_than(const std::string& host) const;
  bool barred(const std::string& host) const { return barred_.count(host) != 0; }
  // The worker that holds a lease and was last heard of the longest ago, with that time.
  std::optional<std::pair<double, int>> longest_silent() const;

  // It said hello. A worker that was known must have been lost() before.
  void join(int worker, const std::string& host, double now);
  // It sent a message: its lease is renewed. True if it had been given up.
  bool hear(int worker, double now);
  // How many trainers it starts; a repeated message changes nothing.
  void set_slots(int worker, int slots);
  // It gets no more cells.
  void leave(int worker);
  void say_bye(int worker);
  // It is given up until it is heard of again. Returns the cells of each busy slot, with their attempts.
  std::vector<std::map<std::size_t, int>> lose(int worker);
  // No cells for the workers of this host; and the end of that.
  void bar(const std::string& host);
  void admit(const std::string& host);
  // Runs `change` on the slot, which must exist, and returns what that returns.
  template <typename Change>
  auto change(SlotAddress at, Change change) {
    const Refresh after{*this, at.worker};
    return change(workers_.at(at.worker).slots.at(static_cast<std::size_t>(at.slot)));
  }

  // Throws Error(fatal) naming the invariant that does not hold.
  void sanity_check() const;

 private:
  struct Refresh {
    WorkerTable& table;
    int worker;
    ~Refresh() { table.refresh(worker); }
  };
  WorkerTotals share_of(const WorkerEntry& entry) const;
  bool served(const WorkerEntry& entry) const { return entry.heard() && !entry.leaving && !barred(entry.host); }
  void refresh(int worker);
  void refresh_all_on(const std::string& host);

  std::map<int, WorkerEntry> workers_;
  std::map<int, WorkerTotals> shares_;  // of each worker in the totals
  WorkerTotals totals_;
  std::map<std::string, int> usable_on_;  // workers of each host that may get cells
  std::set<SlotAddress> ready_, busy_;
  std::set<std::pair<double, int>> leases_;  // the longest silent first
  std::set<std::string> barred_;
};

}  // namespace mtlgrid

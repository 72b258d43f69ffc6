#include "orchestrator/scheduler/worker_table.h"

#include "base/errors.h"

namespace mtlgrid {
namespace {

using State = TrainerSlot::State;

void require_of_workers(bool holds, const std::string& what) {
  if (!holds) throw Error(ErrorKind::fatal, "table of workers: " + what);
}

void put(std::set<SlotAddress>& set, SlotAddress at, bool in) {
  if (in) {
    set.insert(at);
  } else {
    set.erase(at);
  }
}

void add(WorkerTotals& to, const WorkerTotals& share, int by) {
  to.workers += by * share.workers;
  to.slots += by * share.slots;
  to.silent += by * share.silent;
  to.usable += by * share.usable;
  to.hopeful += by * share.hopeful;
  to.busy += by * share.busy;
}

}  // namespace

std::size_t WorkerEntry::cells() const {
  std::size_t cells = 0;
  for (const TrainerSlot& slot : slots) cells += slot.cells().size();
  return cells;
}

const WorkerEntry* WorkerTable::find(int worker) const {
  const auto found = workers_.find(worker);
  return found == workers_.end() ? nullptr : &found->second;
}

const TrainerSlot* WorkerTable::slot(SlotAddress at) const {
  const auto& slots = workers_.at(at.worker).slots;
  if (at.slot < 0 || static_cast<std::size_t>(at.slot) >= slots.size()) return nullptr;
  return &slots[static_cast<std::size_t>(at.slot)];
}

bool WorkerTable::others_than(const std::string& host) const {
  const auto here = usable_on_.find(host);
  return totals_.usable > (here == usable_on_.end() ? 0 : here->second);
}

std::optional<std::pair<double, int>> WorkerTable::longest_silent() const {
  if (leases_.empty()) return std::nullopt;
  return *leases_.begin();
}

void WorkerTable::join(int worker, const std::string& host, double now) {
  WorkerEntry& entry = workers_[worker];
  require_of_workers(!entry.heard() || entry.host.empty(), "a worker joins again without having been lost");
  entry = {};
  entry.host = host;
  entry.last_heard = now;
  leases_.insert({now, worker});
  refresh(worker);
}

bool WorkerTable::hear(int worker, double now) {
  WorkerEntry& entry = workers_.at(worker);
  const bool back = !entry.alive;
  if (back) {
    entry.alive = true;
    refresh(worker);
  }
  leases_.erase({entry.last_heard, worker});
  entry.last_heard = now;
  if (entry.heard()) leases_.insert({now, worker});
  return back;
}

void WorkerTable::set_slots(int worker, int slots) {
  WorkerEntry& entry = workers_.at(worker);
  if (!entry.slots.empty()) return;
  entry.slots.resize(static_cast<std::size_t>(slots));
  refresh(worker);
}

void WorkerTable::leave(int worker) {
  workers_.at(worker).leaving = true;
  refresh(worker);
}

void WorkerTable::say_bye(int worker) {
  WorkerEntry& entry = workers_.at(worker);
  leases_.erase({entry.last_heard, worker});
  entry.bye = true;
  refresh(worker);
}

std::vector<std::map<std::size_t, int>> WorkerTable::lose(int worker) {
  WorkerEntry& entry = workers_.at(worker);
  leases_.erase({entry.last_heard, worker});
  entry.alive = false;
  std::vector<std::map<std::size_t, int>> running;
  for (TrainerSlot& slot : entry.slots) {
    auto cells = slot.lost();
    if (!cells.empty()) running.push_back(std::move(cells));
  }
  refresh(worker);
  return running;
}

void WorkerTable::bar(const std::string& host) {
  barred_.insert(host);
  refresh_all_on(host);
}

void WorkerTable::admit(const std::string& host) {
  barred_.erase(host);
  refresh_all_on(host);
}

void WorkerTable::refresh_all_on(const std::string& host) {
  for (const auto& [worker, entry] : workers_) {
    if (entry.host == host) refresh(worker);
  }
}

WorkerTotals WorkerTable::share_of(const WorkerEntry& entry) const {
  WorkerTotals share;
  share.workers = entry.heard();
  share.silent = !entry.alive;
  for (const TrainerSlot& slot : entry.slots) {
    share.slots += entry.heard() && slot.state() != State::broken;
    share.busy += slot.busy();
  }
  share.usable = served(entry) && share.slots > 0;
  share.hopeful = entry.heard() && !entry.leaving && (entry.slots.empty() || share.slots > 0);
  return share;
}

// Takes the worker's share out of the totals and puts in what it is now.
void WorkerTable::refresh(int worker) {
  const WorkerEntry& entry = workers_.at(worker);
  const bool may_get_cells = served(entry);
  for (std::size_t i = 0; i < entry.slots.size(); ++i) {
    const SlotAddress at{worker, static_cast<int>(i)};
    put(ready_, at, may_get_cells && entry.slots[i].state() == State::ready);
    put(busy_, at, entry.slots[i].busy());
  }
  const WorkerTotals share = share_of(entry);
  WorkerTotals& before = shares_[worker];
  add(totals_, before, -1);
  add(totals_, share, +1);
  usable_on_[entry.host] += share.usable - before.usable;
  before = share;
}

void WorkerTable::sanity_check() const {
  WorkerTotals totals;
  std::map<std::string, int> usable_on;
  std::set<SlotAddress> ready, busy;
  std::set<std::pair<double, int>> leases;
  for (const auto& [worker, entry] : workers_) {
    const WorkerTotals share = share_of(entry);
    require_of_workers(share == shares_.at(worker), "a worker's share of the totals is outdated");
    add(totals, share, +1);
    usable_on[entry.host] += share.usable;
    if (entry.heard()) leases.insert({entry.last_heard, worker});
    for (std::size_t i = 0; i < entry.slots.size(); ++i) {
      const TrainerSlot& slot = entry.slots[i];
      const SlotAddress at{worker, static_cast<int>(i)};
      require_of_workers(slot.busy() == !slot.cells().empty(), "a slot is busy without a cell, or the reverse");
      if (served(entry) && slot.state() == State::ready) ready.insert(at);
      if (slot.busy()) busy.insert(at);
    }
  }
  require_of_workers(totals == totals_, "the totals are not those of the workers");
  require_of_workers(ready == ready_ && busy == busy_, "ready and busy slots are not those of the workers");
  require_of_workers(leases == leases_, "the leases are not those of the workers");
  for (const auto& [host, usable] : usable_on_)
    require_of_workers(usable == usable_on[host], "usable workers of " + host);
}

}  // namespace mtlgrid

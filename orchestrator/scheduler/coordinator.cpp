#include "orchestrator/scheduler/coordinator.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "orchestrator/durations/cell_durations.h"
#include "orchestrator/scheduler/store_folder.h"

namespace mtlgrid {
namespace {

constexpr int kSuspectLosses = 2;
constexpr double kSplitEvery = 1;  // seconds: at the end of a large run all packs are looked at

}  // namespace

Coordinator::Coordinator(CoordinatorSettings settings, std::vector<QueuedCell> tasks, Welcome welcome, Comm& comm,
                         Ledger& ledger)
    : settings_(std::move(settings)),
      welcome_(std::move(welcome)),
      comm_(comm),
      ledger_(ledger),
      staging_(settings_.staging, comm, settings_.say),
      quarantine_(settings_.cluster.quarantine_strikes),
      forecast_(settings_.durations != nullptr) {
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const QueuedCell& a, const QueuedCell& b) { return a.cost > b.cost; });
  tasks_.resize(tasks.size());
  by_name_.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    TaskEntry& entry = tasks_[i];
    entry.task = std::move(tasks[i]);
    entry.attempt = entry.task.attempts;
    entry.losses = entry.task.losses;
    if (suspect(entry)) entry.pack_limit = 1;
    by_name_[entry.task.cell.name()] = i;
    queue_.add(entry.task.cell, entry.task.cost);
    queue_.insert(i);
    counts_.cost_total += entry.task.cost;
  }
  counts_.total = counts_.pending = static_cast<int>(tasks_.size());
}

void Coordinator::set_state(std::size_t task, TaskState state) {
  TaskEntry& entry = tasks_[task];
  const auto count = [&](int by) {
    switch (entry.state) {
      case TaskState::queued:
        counts_.pending += by;
        break;
      case TaskState::running:
        counts_.running += by;
        counts_.cost_done += by * entry.fraction * entry.task.cost;
        break;
      case TaskState::done:
        counts_.done += by;
        counts_.cost_done += by * entry.task.cost;
        break;
      case TaskState::failed:
        counts_.failed += by;
        counts_.cost_done += by * entry.task.cost;
        break;
    }
  };
  count(-1);
  if (state != TaskState::running) entry.worker = entry.slot = -1;
  entry.fraction = 0;
  entry.epoch = entry.epochs = 0;
  entry.state = state;
  count(+1);
  if (state == TaskState::queued) {
    queue_.insert(task);
  } else {
    queue_.erase(task);
    moved_.erase(task);
  }
}

void Coordinator::set_progress(std::size_t task, double fraction, Now now) {
  TaskEntry& entry = tasks_[task];
  const double gained = fraction - entry.fraction;
  if (gained <= 0) return;
  if (entry.fraction > 0 || entry.anew) {  // else it is where its checkpoint was
    const SlotEntry& slot = workers_.at(entry.worker).slots[static_cast<std::size_t>(entry.slot)];
    const double members = std::max(1, slot.environment.pack);
    forecast_.advanced(entry.task.cost, gained, (now.steady - entry.since) / members);
  }
  counts_.cost_done += gained * entry.task.cost;
  entry.fraction = fraction;
  entry.since = now.steady;
}

// Expected lengths by what has been learned meanwhile.
void Coordinator::recost() {
  counts_.cost_done = counts_.cost_total = 0;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    TaskEntry& entry = tasks_[i];
    entry.task.cost = settings_.durations->expected(entry.task.cell);
    queue_.set_cost(i, entry.task.cost);
    counts_.cost_total += entry.task.cost;
    const bool over = entry.state == TaskState::done || entry.state == TaskState::failed;
    counts_.cost_done += (over ? 1 : entry.fraction) * entry.task.cost;
  }
}

// Takes the worker's share out of the totals and puts in what it is now.
void Coordinator::refresh(int worker) {
  const WorkerEntry& entry = workers_.at(worker);
  const bool heard = entry.alive && !entry.bye;
  const bool served = heard && !entry.leaving && !quarantine_.holds(entry.host);
  Share share;
  share.workers = heard;
  share.silent = !entry.alive;
  for (std::size_t i = 0; i < entry.slots.size(); ++i) {
    const SlotState state = entry.slots[i].state;
    const SlotAddress at{worker, static_cast<int>(i)};
    share.slots += heard && state != SlotState::broken;
    share.busy += state == SlotState::busy;
    if (served && state == SlotState::ready) {
      ready_.insert(at);
    } else {
      ready_.erase(at);
    }
    if (state == SlotState::busy) {
      busy_.insert(at);
    } else {
      busy_.erase(at);
    }
  }
  share.usable = served && share.slots > 0;
  share.hopeful = heard && !entry.leaving && (entry.slots.empty() || share.slots > 0);
  Share& before = shares_[worker];
  totals_.workers += share.workers - before.workers;
  totals_.slots += share.slots - before.slots;
  totals_.silent += share.silent - before.silent;
  totals_.usable += share.usable - before.usable;
  totals_.hopeful += share.hopeful - before.hopeful;
  usable_on_[entry.host] += share.usable - before.usable;
  counts_.workers = totals_.workers;
  counts_.slots = totals_.slots;
  before = share;
}

void Coordinator::hear(WorkerEntry& entry, int worker, double now) {
  heard_.erase({entry.last_heard, worker});
  entry.last_heard = now;
  if (entry.alive && !entry.bye) heard_.insert({now, worker});
}

void Coordinator::on_message(int worker, const nlohmann::json& message, Now now) {
  try {
    const std::string type = message.at("type");
    if (type == "hello") return on_hello(worker, message.get<Hello>(), now);
    const auto entry = workers_.find(worker);
    if (entry == workers_.end()) return;  // of a worker that never said hello: nothing it says can concern this run
    if (!entry->second.alive) {
      settings_.say(fmt::format("worker {} on {} is back", worker, entry->second.host));
      entry->second.alive = true;
      refresh(worker);
    }
    hear(entry->second, worker, now.steady);
    if (type == "slots") return on_slots(worker, message.get<Slots>());
    if (type == "slot_ready") return on_slot_ready(worker, message.get<SlotReady>());
    if (type == "slot_broken") return on_slot_broken(worker, message.get<SlotBroken>(), now);
    if (type == "slot_stage_id") return on_stage_id(worker, message.get<SlotStageId>(), now);
    if (type == "slot_staged") return on_slot_staged(worker, message.get<SlotStaged>());
    if (type == "heartbeat") return on_heartbeat(message.get<Heartbeat>(), now);
    if (type == "cell_finished") {
      return on_finished(worker, {message.at("slot"), message.at("left")}, message.at("result").get<CellResult>(), now);
    }
    if (type == "pack_crashed") return on_pack_crashed(worker, message.get<PackCrashed>(), now);
    if (type == "cell_failed") return on_failed(worker, message.get<CellFailed>(), now);
    if (type == "cell_stopped") return on_stopped(worker, message.get<CellStopped>(), now);
    if (type == "leaving") {
      entry->second.leaving = true;
      refresh(worker);
      return leave_staging(worker, "leaves");
    }
    if (type == "bye") {
      heard_.erase({entry->second.last_heard, worker});
      entry->second.bye = true;
      refresh(worker);
      if (!stopping_ && !finished()) give_up_worker(worker, now, "left");
      return;
    }
    throw Error(ErrorKind::fatal, fmt::format("worker {} sent a message of unknown type '{}'", worker, type));
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::fatal, fmt::format("worker {} sent a malformed message: {}", worker, e.what()));
  }
}

void Coordinator::on_hello(int worker, const Hello& hello, Now now) {
  if (workers_.count(worker) != 0) give_up_worker(worker, now, "started anew");
  WorkerEntry& entry = workers_[worker];
  entry = {};  // what it was before has been taken out of everything
  entry.host = hello.host;
  hear(entry, worker, now.steady);
  refresh(worker);
  comm_.send(worker, typed("welcome", welcome_));
  if (stopping_) comm_.send(worker, typed("stop"));
}

void Coordinator::on_slots(int worker, const Slots& slots) {
  if (slots.slots < 0 || slots.slots > kMostSlots) {
    throw Error(ErrorKind::fatal, fmt::format("worker {} has {} slots", worker, slots.slots));
  }
  WorkerEntry& entry = workers_.at(worker);
  if (!entry.slots.empty()) return;  // repeated
  entry.slots.resize(static_cast<std::size_t>(slots.slots));
  refresh(worker);
}

void Coordinator::on_slot_ready(int worker, const SlotReady& ready) {
  SlotEntry* slot = slot_of(worker, ready.slot);
  if (slot == nullptr || slot->state == SlotState::busy) return;
  staging_.on_gone({worker, ready.slot}, "a trainer died");  // it is a new process
  slot->state = SlotState::ready;
  slot->environment = ready.environment;
  slot->largest_pack = ready.largest_pack;
  slot->staging_lacks = ready.staging_lacks;
  refresh(worker);
}

void Coordinator::on_slot_broken(int worker, const SlotBroken& broken, Now now) {
  SlotEntry* slot = slot_of(worker, broken.slot);
  if (slot == nullptr || slot->state == SlotState::busy) return;
  staging_.on_gone({worker, broken.slot}, "a trainer died: " + broken.cause);
  slot->state = SlotState::broken;
  slot->why_broken = broken.cause;
  refresh(worker);
  last_broken_ = fmt::format("trainer {} of worker {} on {} does not start: {}", broken.slot, worker,
                             workers_.at(worker).host, broken.cause);
  settings_.say(last_broken_ + (broken.detail.empty() ? "" : "\n" + broken.detail));
  if (broken.needs_person) give_up(last_broken_ + "\n" + broken.detail, now);
}

void Coordinator::on_stage_id(int worker, const SlotStageId& id, Now now) {
  staging_.on_id({worker, id.slot}, id.answer, now.steady);
  for (const SlotAddress& at : staging_.at_work()) {
    SlotEntry* slot = slot_of(at.worker, at.slot);
    if (slot->state == SlotState::ready) slot->state = SlotState::staging;
    refresh(at.worker);
  }
}

// Whatever the slot was thought to do, its trainer waits for a cell, unless it was given one since.
void Coordinator::on_slot_staged(int worker, const SlotStaged& staged) {
  staging_.on_staged({worker, staged.slot}, staged.answer);
  SlotEntry* slot = slot_of(worker, staged.slot);
  if (slot == nullptr || slot->state == SlotState::busy || slot->state == SlotState::broken) return;
  slot->state = SlotState::ready;
  slot->environment = staged.answer.environment;
  refresh(worker);
}

void Coordinator::leave_staging(int worker, const std::string& why) {
  const WorkerEntry& entry = workers_.at(worker);
  for (std::size_t i = 0; i < entry.slots.size(); ++i) {
    staging_.on_gone({worker, static_cast<int>(i)}, fmt::format("worker {} on {} {}", worker, entry.host, why));
  }
}

Staging::View Coordinator::staging_view() const {
  Staging::View view;
  for (const auto& [worker, entry] : workers_) {
    const bool here = entry.alive && !entry.leaving && !entry.bye;
    view.workers += !here || !entry.slots.empty();
    for (std::size_t i = 0; here && i < entry.slots.size(); ++i) {
      const SlotEntry& slot = entry.slots[i];
      const auto state = slot.state == SlotState::ready    ? Staging::Readiness::ready
                         : slot.state == SlotState::busy   ? Staging::Readiness::busy
                         : slot.state == SlotState::broken ? Staging::Readiness::broken
                                                           : Staging::Readiness::starting;
      view.slots.push_back(
          {{worker, static_cast<int>(i)}, entry.host, slot.environment.device, slot.staging_lacks, state});
    }
  }
  return view;
}

void Coordinator::on_heartbeat(const Heartbeat& heartbeat, Now now) {
  for (const Progress& progress : heartbeat.running) {
    const auto found = by_name_.find(progress.cell.name());
    if (found == by_name_.end() || progress.epochs <= 0) continue;
    TaskEntry& entry = tasks_[found->second];
    if (entry.state != TaskState::running || entry.attempt != progress.attempt) continue;
    const int epoch = std::clamp(progress.epoch, 0, progress.epochs);
    if (epoch > entry.epoch && (entry.epochs > 0 || entry.anew)) entry.losses = 0;  // it can train where it is
    entry.epoch = epoch;
    entry.epochs = progress.epochs;
    set_progress(found->second, static_cast<double>(epoch) / progress.epochs, now);
  }
}

void Coordinator::on_finished(int worker, Origin from, const CellResult& result, Now now) {
  ledger_.commit_result(result);
  const std::size_t index = find_task(result.cell);
  TaskEntry& entry = tasks_[index];
  const double members = std::max(1, result.environment.pack), seconds = (now.steady - entry.begun) / members;
  const bool whole = entry.anew && entry.state == TaskState::running && entry.attempt == result.attempt;
  const auto released = release(worker, from, result.cell, result.attempt);
  entry.has_result = true;
  if (quarantine_.succeed(workers_.at(worker).host)) reinstate(workers_.at(worker).host, "a cell was done there");
  if (released && whole) forecast_.done(entry.task.cost, seconds);
  if (settings_.durations) {
    settings_.durations->observe(result);
    if (++observed_ == learn_at_) {
      learn_at_ *= 2;
      recost();
    }
  }
  if (!released) {
    // The attempt had been given up; its result came all the same. It counts if it is the first one.
    forget_failure(result.cell);
    if (entry.state == TaskState::running) return;  // the newer attempt ends by itself and is kept as a late result
  }
  set_state(index, TaskState::done);
}

void Coordinator::on_failed(int worker, const CellFailed& failed, Now now) {
  const auto slot_pack = [&] {
    const SlotEntry* slot = slot_of(worker, failed.slot);
    return slot == nullptr ? 1 : slot->environment.pack;
  };
  const int pack = slot_pack();
  const auto task = release(worker, {failed.slot, failed.left}, failed.cell, failed.attempt);
  if (!task) return;
  if (failed.smaller_pack && pack > 1) {
    tasks_[*task].pack_limit = pack / 2;
    settings_.say(
        fmt::format("{}: {} (trying again in a pack of at most {})", failed.cell.name(), failed.cause, pack / 2));
    return end_attempt(*task, Outcome::crashed, false, failed.cause, failed.detail, now);
  }
  end_attempt(*task, Outcome::failed, true, failed.cause, failed.detail, now);
  bad_end(*task, workers_.at(worker).host, true);
}

// A pack that dies does not tell whose fault it was: its cells are tried again in packs of half the size, until the
// culprit dies alone. Only that counts as the cell's own crash.
void Coordinator::on_pack_crashed(int worker, const PackCrashed& crash, Now now) {
  std::vector<std::size_t> tasks;
  auto left = static_cast<int>(crash.running.size());
  for (const Progress& member : crash.running) {
    const auto task = release(worker, {crash.slot, --left}, member.cell, member.attempt);
    if (task) tasks.push_back(*task);
  }
  if (SlotEntry* slot = slot_of(worker, crash.slot))
    slot->state = SlotState::starting;  // until its new process is ready
  refresh(worker);
  if (tasks.empty()) return;
  if (crash.needs_person) {
    for (const std::size_t task : tasks) end_attempt(task, Outcome::stopped, false, crash.cause, crash.detail, now);
    return give_up(fmt::format("trainer {} of worker {} on {} {}\n{}", crash.slot, worker, workers_.at(worker).host,
                               crash.cause, crash.detail),
                   now);
  }
  const auto size = static_cast<int>(crash.running.size());
  const bool alone = size == 1;
  const std::string first = tasks_[tasks[0]].task.cell.name();
  bool final = false;
  for (const std::size_t task : tasks) {
    TaskEntry& entry = tasks_[task];
    entry.crashed_on = worker;
    entry.pack_limit = std::max(1, size / 2);
    if (alone) final = ++entry.crashes > settings_.cluster.retries_crash;
    end_attempt(task, Outcome::crashed, final, crash.cause, crash.detail, now);
  }
  for (const std::size_t task : tasks) bad_end(task, workers_.at(worker).host, final);
  const std::string what = alone      ? final ? "given up" : "trying again"
                           : size > 2 ? fmt::format("trying again in packs of at most {}", size / 2)
                                      : "trying each again alone";
  settings_.say(fmt::format("{}{}: trainer on {} {} ({})", first, alone ? "" : fmt::format(" and {} more", size - 1),
                            workers_.at(worker).host, crash.cause, what));
}

void Coordinator::on_stopped(int worker, const CellStopped& stopped, Now now) {
  SlotEntry* slot = slot_of(worker, stopped.slot);
  const bool moves = slot != nullptr && slot->released.count(find_task(stopped.cell)) != 0 && !stopping_;
  const auto task = release(worker, {stopped.slot, stopped.left}, stopped.cell, stopped.attempt);
  if (!task) return;
  if (!stopping_ && !moves) {  // nobody asked for it: its rank is about to leave
    workers_.at(worker).leaving = true;
    refresh(worker);
  }
  end_attempt(*task, Outcome::stopped, false, moves ? "moved to an idle trainer" : "stopped on request", "", now);
  if (moves && queue_.contains(*task)) moved_.insert(*task);
}

void Coordinator::end_attempt(std::size_t task, Outcome outcome, bool final, const std::string& cause,
                              const std::string& detail, Now now) {
  TaskEntry& entry = tasks_[task];
  ledger_.commit_failure(
      {entry.task.cell, entry.attempt, outcome, cause, detail, final && !entry.has_result, now.wall});
  if (entry.has_result) return set_state(task, TaskState::done);
  set_state(task, final ? TaskState::failed : TaskState::queued);
  if (!final) return;
  failures_.emplace_back(entry.task.cell, cause);
  settings_.say(fmt::format("{} failed: {}", entry.task.cell.name(), cause));
}

bool Coordinator::others_than(const std::string& host) const {
  const auto here = usable_on_.find(host);
  return totals_.usable > (here == usable_on_.end() ? 0 : here->second);
}

void Coordinator::bad_end(std::size_t task, const std::string& host, bool final) {
  if (final && tasks_[task].reopened) {
    if (const auto innocent = quarantine_.take_back(task)) reinstate(*innocent, "its cells failed elsewhere too");
    return;
  }
  if (quarantine_.strike(host, task) && others_than(host)) quarantine(host);
}

void Coordinator::refresh_all_on(const std::string& host) {
  for (const auto& [worker, entry] : workers_) {
    if (entry.host == host) refresh(worker);
  }
}

void Coordinator::forget_failure(const Cell& cell) {
  std::erase_if(failures_, [&](const auto& failure) { return failure.first == cell; });
}

void Coordinator::quarantine(const std::string& host) {
  std::vector<std::string> names;
  for (const std::size_t task : quarantine_.hold(host)) {
    TaskEntry& entry = tasks_[task];
    entry.crashes = 0;
    entry.pack_limit = kLargestPack;
    if (entry.state == TaskState::failed && !entry.reopened) {
      ledger_.reopen(entry.task.cell);
      forget_failure(entry.task.cell);
      set_state(task, TaskState::queued);
    }
    entry.reopened = true;
    names.push_back(entry.task.cell.name());
  }
  refresh_all_on(host);
  settings_.say(fmt::format("{} gets no more cells: {} in a row ended badly there ({}); they are tried elsewhere", host,
                            names.size(), fmt::join(names, ", ")));
}

void Coordinator::reinstate(const std::string& host, const std::string& why) {
  quarantine_.lift(host);
  refresh_all_on(host);
  settings_.say(fmt::format("{} gets cells again: {}", host, why));
}

void Coordinator::give_up_worker(int worker, Now now, const std::string& why) {
  WorkerEntry& entry = workers_.at(worker);
  heard_.erase({entry.last_heard, worker});
  entry.alive = false;
  int lost = 0;
  leave_staging(worker, why);
  const bool one = cells_on(entry) == 1;  // of several cells nobody knows whose fault it was
  for (SlotEntry& slot : entry.slots) {
    if (slot.state != SlotState::busy && slot.state != SlotState::staging) continue;
    slot.state = SlotState::starting;  // unknown until it is heard of again
    slot.released.clear();
    const std::map<std::size_t, int> running = std::exchange(slot.tasks, {});
    for (const auto& [index, attempt] : running) {
      TaskEntry& task = tasks_[index];
      if (task.state != TaskState::running || task.worker != worker || task.attempt != attempt) continue;
      ++lost;
      ++task.losses;
      task.pack_limit = suspect(task) ? 1 : std::max(1, static_cast<int>(running.size()) / 2);
      const bool final = one && task.losses > settings_.cluster.retries_lost;
      const std::string cause = fmt::format("worker {} on {} lost ({})", worker, entry.host, why);
      end_attempt(index, Outcome::lost, final, cause, "", now);
    }
  }
  refresh(worker);
  if (!entry.bye || lost > 0) {
    settings_.say(
        fmt::format("worker {} on {} {}; {} of its cells go back to the queue", worker, entry.host, why, lost));
  }
}

void Coordinator::expire_leases(Now now) {
  const double lease = settings_.cluster.lease_minutes * 60;
  while (!heard_.empty() && now.steady - heard_.begin()->first > lease) {
    const auto [last, worker] = *heard_.begin();
    give_up_worker(worker, now, fmt::format("not heard of for {:.0f} s", now.steady - last));
  }
}

// A stop is heard before every step, so what it takes to be safe is one step and its checkpoint.
void Coordinator::keep_to_walltime(Now now) {
  if (!begun_) {
    begun_ = now.steady;
    if (settings_.ends) ends_ = now.steady + (*settings_.ends - now.wall);  // from here on the clock may jump
  }
  const bool idle = counts_.running == 0 && !queue_.empty() && ends_soon(now);  // and nothing more is started
  if (stopping_ || !ends_ || (!idle && now.steady < *ends_ - settings_.checkpoint_lead)) return;
  if (idle && !handed_out_) {
    return give_up(
        fmt::format("{:.0f} s are left of the allocation and no cell was started: one needs more than {:.0f} s, "
                    "of which {:.0f} s are kept for its checkpoint; ask for a longer walltime",
                    *ends_ - now.steady, settings_.checkpoint_lead + kWorthStarting, settings_.checkpoint_lead),
        now);
  }
  settings_.say(fmt::format("the allocation ends in {:.0f} s: checkpointing what is running", *ends_ - now.steady));
  request_stop(now);
}

bool Coordinator::ends_soon(Now now) const {
  return ends_ && now.steady > *ends_ - settings_.checkpoint_lead - kWorthStarting;
}

// Cells that took the whole run down with them, again and again, before they had trained an epoch.
void Coordinator::refuse_rank_killers(Now now) {
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    const TaskEntry& entry = tasks_[task];
    if (entry.losses <= settings_.cluster.retries_lost) continue;
    end_attempt(
        task, Outcome::lost, true,
        fmt::format("lost {} times in a row before it had trained an epoch: its worker, or the whole run, ended",
                    entry.losses),
        "", now);
  }
}

// Longest expected first; empty if nothing waits that this worker may have.
std::vector<std::size_t> Coordinator::next_pack_for(int worker, const SlotEntry& slot) const {
  const bool others = totals_.usable > shares_.at(worker).usable;
  // What lost its worker is not to take the coordinator down, which is a worker too, if another can have it.
  const bool free = cells_on(workers_.at(worker)) == 0;
  const auto allowed = [&](std::size_t task) {
    const TaskEntry& entry = tasks_[task];
    if (suspect(entry) && !free) return false;
    return !others || (entry.crashed_on != worker && !(worker == kCoordinator && entry.losses > 0));
  };
  const auto limit = [&](std::size_t task) { return tasks_[task].pack_limit; };
  const std::vector<PackCandidate> queued = queue_.candidates(allowed, limit);
  if (queued.empty()) return {};
  PackFacts facts;
  facts.wanted = welcome_.experiment.run.pack;
  facts.gpu = slot.environment.device.starts_with("cuda");
  facts.largest = slot.largest_pack;
  // What was asked back for idle trainers is shared among those.
  const bool given_back = moved_.size() == queue_.size();
  facts.cells = static_cast<int>(queue_.size()) + (given_back ? 0 : counts_.running);
  facts.trainers = given_back ? static_cast<int>(ready_.size()) : counts_.slots;
  return choose_pack(queued, pack_width(facts));
}

void Coordinator::hand_out(Now now) {
  if (stopping_ || ends_soon(now)) return;
  if (totals_.usable == 0 && !quarantine_.held().empty()) {
    const std::string host = *quarantine_.held().begin();
    reinstate(host, "no other is left");
  }
  for (auto next = ready_.begin(); next != ready_.end() && !queue_.empty();) {
    const SlotAddress at = *next++;  // assigning takes it out of the set
    const SlotEntry& slot = *slot_of(at.worker, at.slot);
    if (staging_.gathers() && Staging::can_take_part(slot.environment.device, slot.staging_lacks)) continue;
    if (runs_suspect(workers_.at(at.worker))) continue;
    const std::vector<std::size_t> tasks = next_pack_for(at.worker, slot);
    if (!tasks.empty()) assign(tasks, at.worker, at.slot, now);
  }
}

// A cell that lost its workers twice in a row has a worker to itself until it has trained an epoch: then the third time
// tells, and no other cell suffers.
bool Coordinator::suspect(const TaskEntry& entry) const { return entry.losses >= kSuspectLosses; }

std::size_t Coordinator::cells_on(const WorkerEntry& worker) const {
  std::size_t cells = 0;
  for (const SlotEntry& slot : worker.slots) cells += slot.tasks.size();
  return cells;
}

bool Coordinator::runs_suspect(const WorkerEntry& worker) const {
  for (const SlotEntry& slot : worker.slots) {
    for (const auto& [task, attempt] : slot.tasks) {
      if (suspect(tasks_[task])) return true;
    }
  }
  return false;
}

double Coordinator::remainder_of(const TaskEntry& entry, double now) const {
  return forecast_.remainder(entry.task.cost, entry.fraction, entry.anew ? now - entry.begun : 0);
}

double Coordinator::remainder_of(const SlotEntry& slot, double now) const {
  double sum = 0;
  for (const auto& [task, attempt] : slot.tasks) sum += remainder_of(tasks_[task], now);
  return sum;
}

// At a run's end, when trainers are idle: the pack that has the most left gives half of its cells away, one pack at a
// time.
void Coordinator::split_a_pack(Now now) {
  if (stopping_ || ready_.empty() || !queue_.empty() || busy_.empty() || ends_soon(now)) return;
  const auto rate = forecast_.seconds_per_cost();
  if (!rate || now.steady - last_split_ < kSplitEvery) return;
  last_split_ = now.steady;
  SlotEntry* longest = nullptr;
  SlotAddress at;
  double most = 0;
  for (const SlotAddress& busy : busy_) {
    SlotEntry* slot = slot_of(busy.worker, busy.slot);
    if (!slot->released.empty()) return;
    const double left = remainder_of(*slot, now.steady);
    if (slot->tasks.size() < 2 || left <= most) continue;
    longest = slot;
    at = busy;
    most = left;
  }
  if (longest == nullptr || most * *rate < kSplitSeconds) return;
  Release order;
  bool give = false;  // every second one, so that both halves are about as long
  for (const auto& [task, attempt] : longest->tasks) {
    if (give) {
      order.methods.push_back(tasks_[task].task.cell.method);
      longest->released.insert(task);
    }
    give = !give;
  }
  comm_.send(at.worker, typed("release_slot", ReleaseSlot{at.slot, order}));
}

void Coordinator::assign(const std::vector<std::size_t>& tasks, int worker, int slot, Now now) {
  SlotEntry& where = workers_.at(worker).slots[static_cast<std::size_t>(slot)];
  handed_out_ = true;
  where.state = SlotState::busy;
  where.released.clear();
  where.environment.pack = static_cast<int>(tasks.size());
  where.environment.members.clear();
  for (const std::size_t task : tasks) {
    where.environment.members += (where.environment.members.empty() ? "" : ",") + tasks_[task].task.cell.method;
  }
  Assign message = {slot, {}};
  for (const std::size_t task : tasks) {
    message.pack.members.push_back(begin(task, worker, slot, where.environment, now));
    where.tasks[task] = tasks_[task].attempt;
  }
  refresh(worker);
  comm_.send(worker, typed("assign", message));
}

Train Coordinator::begin(std::size_t task, int worker, int slot, const Environment& where, Now now) {
  TaskEntry& entry = tasks_[task];
  const auto folder_of = [&](int attempt) { return attempt_folder(settings_.folder, entry.task.cell, attempt); };
  if (entry.attempt > entry.task.attempts)
    entry.task.resume.insert(entry.task.resume.begin(), folder_of(entry.attempt));
  ++entry.attempt;
  set_state(task, TaskState::running);
  entry.worker = worker;
  entry.slot = slot;
  entry.begun = entry.since = now.steady;
  entry.begun_wall = now.wall;
  entry.anew = entry.task.resume.empty();
  ledger_.begin_attempt(entry.task.cell, entry.attempt, where, now.wall);
  return {entry.task.cell, entry.attempt, folder_of(entry.attempt), entry.task.resume};
}

void Coordinator::ping(Now now) {
  if (now.steady - last_ping_ < settings_.cluster.heartbeat_seconds) return;
  last_ping_ = now.steady;
  for (const auto& [worker, entry] : workers_) {
    if (!entry.bye) comm_.send(worker, typed("ping"));
  }
}

void Coordinator::on_tick(Now now) {
  if (!begun_) refuse_rank_killers(now);
  keep_to_walltime(now);
  expire_leases(now);
  if (!staging_.over()) staging_.on_tick(staging_view(), now.steady);
  hand_out(now);
  split_a_pack(now);
  ping(now);
}

void Coordinator::request_stop(Now) {
  if (stopping_) return;
  stopping_ = true;
  staging_.stop();
  for (const auto& [worker, entry] : workers_) comm_.send(worker, typed("stop"));
}

void Coordinator::give_up(const std::string& cause, Now now) {
  if (needs_person_.empty()) {
    needs_person_ = cause;
    settings_.say("a person must act, so the run stops: " + cause);
  }
  request_stop(now);
}

bool Coordinator::finished() const { return counts_.running == 0 && (queue_.empty() || stopping_ || !stuck().empty()); }

std::string Coordinator::stuck() const {
  return queue_.empty() || stopping_ || totals_.hopeful > 0 ? "" : last_broken_;
}

std::size_t Coordinator::find_task(const Cell& cell) const {
  const auto found = by_name_.find(cell.name());
  if (found == by_name_.end()) throw Error(ErrorKind::fatal, "report about unknown cell " + cell.name());
  return found->second;
}

Coordinator::SlotEntry* Coordinator::slot_of(int worker, int slot) {
  auto& slots = workers_.at(worker).slots;
  if (slot < 0 || static_cast<std::size_t>(slot) >= slots.size()) return nullptr;
  return &slots[static_cast<std::size_t>(slot)];
}

std::optional<std::size_t> Coordinator::release(int worker, Origin from, const Cell& cell, int attempt) {
  const std::size_t index = find_task(cell);
  if (SlotEntry* where = slot_of(worker, from.slot)) {
    const auto running = where->tasks.find(index);
    if (running != where->tasks.end() && running->second == attempt) where->tasks.erase(running);
    // Free either way: whatever the slot was thought to do, it has just ended its pack.
    if (from.left == 0 && where->state != SlotState::broken && where->tasks.empty()) {
      where->state = SlotState::ready;
    }
    where->released.erase(index);
    refresh(worker);
  }
  const TaskEntry& entry = tasks_[index];
  if (entry.state != TaskState::running || entry.attempt != attempt || entry.worker != worker) return std::nullopt;
  return index;
}

void Coordinator::sanity_check() const {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw Error(ErrorKind::fatal, "coordinator: " + what);
  };
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const TaskEntry& entry = tasks_[i];
    require((entry.state == TaskState::queued) == queue_.contains(i), "queue and task differ");
    if (entry.state != TaskState::running) continue;
    const auto worker = workers_.find(entry.worker);
    require(worker != workers_.end() && worker->second.alive, "a task runs on no living worker");
    const SlotEntry& slot = worker->second.slots.at(static_cast<std::size_t>(entry.slot));
    require(slot.state == SlotState::busy && slot.tasks.count(i) == 1 && slot.tasks.at(i) == entry.attempt,
            "task and slot differ: " + entry.task.cell.name());
  }
  for (const SlotAddress& at : staging_.over() ? std::set<SlotAddress>() : staging_.at_work()) {
    const auto worker = workers_.find(at.worker);
    require(worker != workers_.end() && worker->second.alive, "a lost worker is thought to stage");
    require(worker->second.slots.at(static_cast<std::size_t>(at.slot)).state == SlotState::staging,
            "a slot that is at staging has another state");
  }
  for (const auto& [worker, entry] : workers_) {
    for (const SlotEntry& slot : entry.slots) {
      require((slot.state == SlotState::busy) == !slot.tasks.empty(), "a slot is busy without a task, or the reverse");
      for (const auto& [index, attempt] : slot.tasks) {
        const TaskEntry& task = tasks_.at(index);
        require(task.state == TaskState::running && task.worker == worker && task.attempt == attempt,
                "a busy slot's task does not run on it");
      }
    }
  }
}

}  // namespace mtlgrid

#include "orchestrator/coordinator.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/errors.h"

namespace mtlgrid {

Coordinator::Coordinator(CoordinatorSettings settings, std::vector<Task> tasks, Welcome welcome, Comm& comm,
                         Ledger& ledger)
    : settings_(std::move(settings)),
      welcome_(std::move(welcome)),
      comm_(comm),
      ledger_(ledger),
      staging_(settings_.staging, comm, settings_.say) {
  std::stable_sort(tasks.begin(), tasks.end(), [](const Task& a, const Task& b) { return a.cost > b.cost; });
  for (Task& task : tasks) {
    by_name_[task.cell.name()] = tasks_.size();
    queue_.insert(tasks_.size());
    const int attempts = task.attempts;
    tasks_.push_back({});
    tasks_.back().task = std::move(task);
    tasks_.back().attempt = attempts;
  }
}

void Coordinator::on_message(int worker, const nlohmann::json& message, Now now) {
  try {
    const std::string type = message.at("type");
    if (type == "hello") return on_hello(worker, message.get<Hello>(), now);
    const auto entry = workers_.find(worker);
    if (entry == workers_.end()) return;  // of a worker that never said hello: nothing it says can concern this run
    entry->second.last_heard = now.steady;
    if (!entry->second.alive) {
      settings_.say(fmt::format("worker {} on {} is back", worker, entry->second.host));
      entry->second.alive = true;
    }
    if (type == "slots") return on_slots(worker, message.get<Slots>());
    if (type == "slot_ready") return on_slot_ready(worker, message.get<SlotReady>());
    if (type == "slot_broken") return on_slot_broken(worker, message.get<SlotBroken>());
    if (type == "slot_stage_id") return on_stage_id(worker, message.get<SlotStageId>(), now);
    if (type == "slot_staged") return on_slot_staged(worker, message.get<SlotStaged>());
    if (type == "heartbeat") return on_heartbeat(message.get<Heartbeat>());
    if (type == "cell_finished") {
      return on_finished(worker, {message.at("slot"), message.at("left")}, message.at("result").get<CellResult>());
    }
    if (type == "pack_crashed") return on_pack_crashed(worker, message.get<PackCrashed>(), now);
    if (type == "cell_failed") return on_failed(worker, message.get<CellFailed>(), now);
    if (type == "cell_stopped") return on_stopped(worker, message.get<CellStopped>(), now);
    if (type == "leaving") {
      entry->second.leaving = true;
      return leave_staging(worker, "leaves");
    }
    if (type == "bye") {
      entry->second.bye = true;
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
  WorkerEntry entry;
  entry.host = hello.host;
  entry.last_heard = now.steady;
  workers_[worker] = std::move(entry);
  comm_.send(worker, typed("welcome", welcome_));
  if (stopping_) comm_.send(worker, typed("stop"));
}

void Coordinator::on_slots(int worker, const Slots& slots) {
  if (slots.slots < 0) throw Error(ErrorKind::fatal, fmt::format("worker {} has {} slots", worker, slots.slots));
  workers_.at(worker).slots.assign(static_cast<std::size_t>(slots.slots), SlotEntry{});
}

void Coordinator::on_slot_ready(int worker, const SlotReady& ready) {
  SlotEntry* slot = slot_of(worker, ready.slot);
  if (slot == nullptr || slot->state == SlotState::busy) return;
  staging_.on_gone({worker, ready.slot}, "a trainer died");  // it is a new process
  slot->state = SlotState::ready;
  slot->environment = ready.environment;
  slot->largest_pack = ready.largest_pack;
  slot->staging_lacks = ready.staging_lacks;
}

void Coordinator::on_slot_broken(int worker, const SlotBroken& broken) {
  SlotEntry* slot = slot_of(worker, broken.slot);
  if (slot == nullptr || slot->state == SlotState::busy) return;
  staging_.on_gone({worker, broken.slot}, "a trainer died: " + broken.cause);
  slot->state = SlotState::broken;
  last_broken_ = fmt::format("trainer {} of worker {} on {} does not start: {}", broken.slot, worker,
                             workers_.at(worker).host, broken.cause);
  settings_.say(last_broken_ + (broken.detail.empty() ? "" : "\n" + broken.detail));
}

void Coordinator::on_stage_id(int worker, const SlotStageId& id, Now now) {
  staging_.on_id({worker, id.slot}, id.answer, now.steady);
  for (const SlotAddress& at : staging_.at_work()) {
    SlotEntry* slot = slot_of(at.worker, at.slot);
    if (slot->state == SlotState::ready) slot->state = SlotState::staging;
  }
}

// Whatever the slot was thought to do, its trainer waits for a cell, unless it was given one since.
void Coordinator::on_slot_staged(int worker, const SlotStaged& staged) {
  staging_.on_staged({worker, staged.slot}, staged.answer);
  SlotEntry* slot = slot_of(worker, staged.slot);
  if (slot == nullptr || slot->state == SlotState::busy || slot->state == SlotState::broken) return;
  slot->state = SlotState::ready;
  slot->environment = staged.answer.environment;
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

void Coordinator::on_heartbeat(const Heartbeat& heartbeat) {
  for (const Progress& progress : heartbeat.running) {
    const auto found = by_name_.find(progress.cell.name());
    if (found == by_name_.end() || progress.epochs <= 0) continue;
    TaskEntry& entry = tasks_[found->second];
    if (entry.state == TaskState::running && entry.attempt == progress.attempt) {
      entry.fraction = static_cast<double>(progress.epoch) / progress.epochs;
    }
  }
}

void Coordinator::on_finished(int worker, Origin from, const CellResult& result) {
  ledger_.commit_result(result);
  const auto released = release(worker, from, result.cell, result.attempt);
  const std::size_t index = find_task(result.cell);
  TaskEntry& entry = tasks_[index];
  entry.has_result = true;
  if (!released) {
    // The attempt had been given up; its result came all the same. It counts if it is the first one.
    queue_.erase(index);
    std::erase_if(failures_, [&](const auto& failure) { return failure.first == result.cell; });
    if (entry.state == TaskState::running) return;  // the newer attempt ends by itself and is kept as a late result
  }
  entry.state = TaskState::done;
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
  if (tasks.empty()) return;
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
  const std::string what = alone      ? final ? "given up" : "trying again"
                           : size > 2 ? fmt::format("trying again in packs of at most {}", size / 2)
                                      : "trying each again alone";
  settings_.say(fmt::format("{}{}: trainer on {} {} ({})", first, alone ? "" : fmt::format(" and {} more", size - 1),
                            workers_.at(worker).host, crash.cause, what));
}

void Coordinator::on_stopped(int worker, const CellStopped& stopped, Now now) {
  const auto task = release(worker, {stopped.slot, stopped.left}, stopped.cell, stopped.attempt);
  if (task) end_attempt(*task, Outcome::stopped, false, "stopped on request", "", now);
}

void Coordinator::end_attempt(std::size_t task, Outcome outcome, bool final, const std::string& cause,
                              const std::string& detail, Now now) {
  TaskEntry& entry = tasks_[task];
  ledger_.commit_failure(
      {entry.task.cell, entry.attempt, outcome, cause, detail, final && !entry.has_result, now.wall});
  entry.state = final ? TaskState::failed : TaskState::queued;
  entry.worker = entry.slot = -1;
  entry.fraction = 0;
  if (entry.has_result) {
    entry.state = TaskState::done;
  } else if (final) {
    failures_.emplace_back(entry.task.cell, cause);
    settings_.say(fmt::format("{} failed: {}", entry.task.cell.name(), cause));
  } else {
    queue_.insert(task);
  }
}

void Coordinator::give_up_worker(int worker, Now now, const std::string& why) {
  WorkerEntry& entry = workers_.at(worker);
  entry.alive = false;
  int lost = 0;
  leave_staging(worker, why);
  for (SlotEntry& slot : entry.slots) {
    if (slot.state != SlotState::busy && slot.state != SlotState::staging) continue;
    slot.state = SlotState::starting;  // unknown until it is heard of again
    const std::map<std::size_t, int> running = std::exchange(slot.tasks, {});
    for (const auto& [index, attempt] : running) {
      TaskEntry& task = tasks_[index];
      if (task.state != TaskState::running || task.worker != worker || task.attempt != attempt) continue;
      ++lost;
      ++task.losses;
      task.pack_limit = std::max(1, static_cast<int>(running.size()) / 2);
      const bool final = task.losses > settings_.cluster.retries_lost;
      const std::string cause = fmt::format("worker {} on {} lost ({})", worker, entry.host, why);
      end_attempt(index, Outcome::lost, final, cause, "", now);
    }
  }
  if (!entry.bye || lost > 0) {
    settings_.say(
        fmt::format("worker {} on {} {}; {} of its cells go back to the queue", worker, entry.host, why, lost));
  }
}

void Coordinator::expire_leases(Now now) {
  const double lease = settings_.cluster.lease_minutes * 60;
  for (auto& [worker, entry] : workers_) {
    if (entry.alive && !entry.bye && now.steady - entry.last_heard > lease) {
      give_up_worker(worker, now, fmt::format("not heard of for {:.0f} s", now.steady - entry.last_heard));
    }
  }
}

// Longest expected first; empty if nothing waits that this worker may have.
std::vector<std::size_t> Coordinator::next_pack_for(int worker, const SlotEntry& slot) const {
  const bool others = std::any_of(workers_.begin(), workers_.end(), [&](const auto& other) {
    const auto usable = [](const SlotEntry& s) { return s.state != SlotState::broken; };
    return other.first != worker && other.second.alive && !other.second.leaving && !other.second.bye &&
           std::any_of(other.second.slots.begin(), other.second.slots.end(), usable);
  });
  std::vector<PackCandidate> queued;
  for (const std::size_t task : queue_) {
    if (others && tasks_[task].crashed_on == worker) continue;
    queued.push_back({task, &tasks_[task].task.cell, tasks_[task].pack_limit});
  }
  if (queued.empty()) return {};
  PackFacts facts;
  facts.wanted = welcome_.experiment.run.pack;
  facts.gpu = slot.environment.device.starts_with("cuda");
  facts.largest = slot.largest_pack;
  facts.queued = static_cast<int>(queue_.size());
  facts.trainers = counts().slots;
  return choose_pack(queued, pack_width(facts));
}

void Coordinator::hand_out(Now now) {
  if (stopping_) return;
  for (auto& [worker, entry] : workers_) {
    if (!entry.alive || entry.leaving || entry.bye) continue;
    for (std::size_t slot = 0; slot < entry.slots.size() && !queue_.empty(); ++slot) {
      const SlotEntry& at = entry.slots[slot];
      if (at.state != SlotState::ready) continue;
      if (staging_.gathers() && Staging::can_take_part(at.environment.device, at.staging_lacks)) continue;
      const std::vector<std::size_t> tasks = next_pack_for(worker, entry.slots[slot]);
      if (!tasks.empty()) assign(tasks, worker, static_cast<int>(slot), now);
    }
  }
}

void Coordinator::assign(const std::vector<std::size_t>& tasks, int worker, int slot, Now now) {
  SlotEntry& where = workers_.at(worker).slots[static_cast<std::size_t>(slot)];
  where.state = SlotState::busy;
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
  comm_.send(worker, typed("assign", message));
}

Train Coordinator::begin(std::size_t task, int worker, int slot, const Environment& where, Now now) {
  TaskEntry& entry = tasks_[task];
  const auto folder_of = [&](int attempt) {
    return fmt::format("{}/{}/attempt-{}", settings_.folder, entry.task.cell.name(), attempt);
  };
  if (entry.attempt > entry.task.attempts)
    entry.task.resume.insert(entry.task.resume.begin(), folder_of(entry.attempt));
  ++entry.attempt;
  entry.state = TaskState::running;
  entry.worker = worker;
  entry.slot = slot;
  queue_.erase(task);
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
  expire_leases(now);
  if (!staging_.over()) staging_.on_tick(staging_view(), now.steady);
  hand_out(now);
  ping(now);
}

void Coordinator::request_stop(Now) {
  if (stopping_) return;
  stopping_ = true;
  staging_.stop();
  for (const auto& [worker, entry] : workers_) comm_.send(worker, typed("stop"));
}

bool Coordinator::finished() const {
  const bool running = std::any_of(tasks_.begin(), tasks_.end(),
                                   [](const TaskEntry& entry) { return entry.state == TaskState::running; });
  return !running && (queue_.empty() || stopping_ || !stuck().empty());
}

std::string Coordinator::stuck() const {
  if (queue_.empty() || stopping_ || last_broken_.empty()) return "";
  for (const auto& [worker, entry] : workers_) {
    if (!entry.alive || entry.leaving || entry.bye) continue;
    if (entry.slots.empty()) return "";  // it has not answered the welcome yet
    for (const SlotEntry& slot : entry.slots) {
      if (slot.state != SlotState::broken) return "";
    }
  }
  return last_broken_;
}

bool Coordinator::all_alive() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker.second.alive; });
}

Coordinator::Counts Coordinator::counts() const {
  Counts counts;
  counts.total = static_cast<int>(tasks_.size());
  for (const TaskEntry& entry : tasks_) {
    counts.cost_total += entry.task.cost;
    switch (entry.state) {
      case TaskState::queued:
        ++counts.pending;
        break;
      case TaskState::running:
        ++counts.running;
        counts.cost_done += entry.fraction * entry.task.cost;
        break;
      case TaskState::done:
        ++counts.done;
        counts.cost_done += entry.task.cost;
        break;
      case TaskState::failed:
        ++counts.failed;
        counts.cost_done += entry.task.cost;
        break;
    }
  }
  for (const auto& [worker, entry] : workers_) {
    if (!entry.alive || entry.bye) continue;
    ++counts.workers;
    for (const SlotEntry& slot : entry.slots) counts.slots += slot.state != SlotState::broken;
  }
  return counts;
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
    if (from.left == 0 && where->state != SlotState::broken && where->tasks.empty()) where->state = SlotState::ready;
  }
  TaskEntry& entry = tasks_[index];
  if (entry.state != TaskState::running || entry.attempt != attempt || entry.worker != worker) return std::nullopt;
  entry.worker = entry.slot = -1;
  entry.fraction = 0;
  return index;
}

void Coordinator::sanity_check() const {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw Error(ErrorKind::fatal, "coordinator: " + what);
  };
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const TaskEntry& entry = tasks_[i];
    require((entry.state == TaskState::queued) == (queue_.count(i) == 1), "queue and task differ");
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

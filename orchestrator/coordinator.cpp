#include "orchestrator/coordinator.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/errors.h"

namespace mtlgrid {

Coordinator::Coordinator(CoordinatorSettings settings, std::vector<Task> tasks, Welcome welcome, Comm& comm,
                         Ledger& ledger)
    : settings_(std::move(settings)), welcome_(std::move(welcome)), comm_(comm), ledger_(ledger) {
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
    if (type == "heartbeat") return on_heartbeat(message.get<Heartbeat>());
    if (type == "cell_finished") return on_finished(worker, message.at("slot"), message.at("result").get<CellResult>());
    if (type == "cell_failed") return on_failed(worker, message.get<CellFailed>(), now);
    if (type == "cell_stopped") return on_stopped(worker, message.get<CellStopped>(), now);
    if (type == "leaving") {
      entry->second.leaving = true;
      return;
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
  slot->state = SlotState::ready;
  slot->environment = ready.environment;
}

void Coordinator::on_slot_broken(int worker, const SlotBroken& broken) {
  SlotEntry* slot = slot_of(worker, broken.slot);
  if (slot == nullptr || slot->state == SlotState::busy) return;
  slot->state = SlotState::broken;
  last_broken_ = fmt::format("trainer {} of worker {} on {} does not start: {}", broken.slot, worker,
                             workers_.at(worker).host, broken.cause);
  settings_.say(last_broken_ + (broken.detail.empty() ? "" : "\n" + broken.detail));
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

void Coordinator::on_finished(int worker, int slot, const CellResult& result) {
  ledger_.commit_result(result);
  const auto released = release(worker, slot, result.cell, result.attempt);
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
  SlotEntry* slot = slot_of(worker, failed.slot);
  const auto task = release(worker, failed.slot, failed.cell, failed.attempt);
  if (slot != nullptr && failed.crashed) slot->state = SlotState::starting;  // until slot_ready of the new process
  if (!task) return;
  TaskEntry& entry = tasks_[*task];
  if (!failed.crashed) return end_attempt(*task, Outcome::failed, true, failed.cause, failed.detail, now);
  ++entry.crashes;
  entry.crashed_on = worker;
  const bool final = entry.crashes > settings_.cluster.retries_crash;
  settings_.say(fmt::format("{}: trainer on {} {} ({})", failed.cell.name(), workers_.at(worker).host, failed.cause,
                            final ? "given up" : "trying again"));
  end_attempt(*task, Outcome::crashed, final, failed.cause, failed.detail, now);
}

void Coordinator::on_stopped(int worker, const CellStopped& stopped, Now now) {
  const auto task = release(worker, stopped.slot, stopped.cell, stopped.attempt);
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
  for (SlotEntry& slot : entry.slots) {
    if (slot.state != SlotState::busy) continue;
    slot.state = SlotState::starting;  // unknown until it is heard of again
    TaskEntry& task = tasks_[slot.task];
    if (task.state != TaskState::running || task.worker != worker || task.attempt != slot.attempt) continue;
    ++lost;
    ++task.losses;
    const bool final = task.losses > settings_.cluster.retries_lost;
    const std::string cause = fmt::format("worker {} on {} lost ({})", worker, entry.host, why);
    end_attempt(slot.task, Outcome::lost, final, cause, "", now);
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

std::optional<std::size_t> Coordinator::next_task_for(int worker) const {
  const bool others = std::any_of(workers_.begin(), workers_.end(), [&](const auto& other) {
    const auto usable = [](const SlotEntry& slot) { return slot.state != SlotState::broken; };
    return other.first != worker && other.second.alive && !other.second.leaving && !other.second.bye &&
           std::any_of(other.second.slots.begin(), other.second.slots.end(), usable);
  });
  for (std::size_t task : queue_) {
    if (!others || tasks_[task].crashed_on != worker) return task;
  }
  return std::nullopt;
}

void Coordinator::hand_out(Now now) {
  if (stopping_) return;
  for (auto& [worker, entry] : workers_) {
    if (!entry.alive || entry.leaving || entry.bye) continue;
    for (std::size_t slot = 0; slot < entry.slots.size() && !queue_.empty(); ++slot) {
      if (entry.slots[slot].state != SlotState::ready) continue;
      const auto task = next_task_for(worker);
      if (task) assign(*task, worker, static_cast<int>(slot), now);
    }
  }
}

void Coordinator::assign(std::size_t task, int worker, int slot, Now now) {
  TaskEntry& entry = tasks_[task];
  SlotEntry& where = workers_.at(worker).slots[static_cast<std::size_t>(slot)];
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
  where.state = SlotState::busy;
  where.task = task;
  where.attempt = entry.attempt;
  ledger_.begin_attempt(entry.task.cell, entry.attempt, where.environment, now.wall);
  comm_.send(
      worker,
      typed("assign", Assign{slot, {entry.task.cell, entry.attempt, folder_of(entry.attempt), entry.task.resume}}));
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
  hand_out(now);
  ping(now);
}

void Coordinator::request_stop(Now) {
  if (stopping_) return;
  stopping_ = true;
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

std::optional<std::size_t> Coordinator::release(int worker, int slot, const Cell& cell, int attempt) {
  const std::size_t index = find_task(cell);
  if (SlotEntry* where = slot_of(worker, slot)) {
    // Free either way: whatever the slot was thought to do, it has just ended something.
    if (where->state != SlotState::broken) where->state = SlotState::ready;
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
    require(slot.state == SlotState::busy && slot.task == i && slot.attempt == entry.attempt,
            "task and slot differ: " + entry.task.cell.name());
  }
  for (const auto& [worker, entry] : workers_) {
    for (const SlotEntry& slot : entry.slots) {
      if (slot.state != SlotState::busy) continue;
      const TaskEntry& task = tasks_.at(slot.task);
      require(task.state == TaskState::running && task.worker == worker, "a busy slot has no running task");
    }
  }
}

}  // namespace mtlgrid

// What the coordinator shows of itself: the time that is left, and its status.
#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/durations/makespan.h"
#include "orchestrator/scheduler/coordinator.h"

namespace mtlgrid {
namespace {

// With more cells than this a trainer, waiting time is their sum shared out: the order makes no difference any more.
constexpr std::size_t kScheduledQueue = 20000;

nlohmann::json or_null(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

}  // namespace

std::optional<double> Coordinator::remaining_seconds(Now now) const {
  if (counts_.pending == 0 && counts_.running == 0) return 0;
  const auto rate = forecast_.seconds_per_cost();
  if (!rate || counts_.slots == 0) return std::nullopt;
  std::vector<double> running, waiting;
  double sum = 0;
  for (const SlotAddress& busy : busy_) {
    const auto& slot = workers_.at(busy.worker).slots[static_cast<std::size_t>(busy.slot)];
    running.push_back(remainder_of(slot, now.steady) * *rate);
    sum += running.back();
  }
  if (queue_.size() > kScheduledQueue) return (sum + queue_.cost() * *rate) / counts_.slots;
  for (const std::size_t task : queue_.first(kScheduledQueue)) waiting.push_back(tasks_[task].task.cost * *rate);
  return remaining_makespan(running, waiting, std::max(counts_.slots, static_cast<int>(running.size())));
}

std::string Coordinator::state_of(const WorkerEntry& entry, double now) const {
  if (entry.bye) return "left";
  if (!entry.alive) return "lost";
  if (quarantine_.holds(entry.host)) return "quarantined";
  if (entry.leaving) return "leaving";
  return now - entry.last_heard > 3 * settings_.cluster.heartbeat_seconds ? "silent" : "alive";
}

nlohmann::json Coordinator::status(Now now) const {
  using nlohmann::json;
  json workers = json::array(), running = json::array(), queue = json::array(), avoid = json::object();
  for (const auto& [rank, entry] : workers_) {
    const Share& share = shares_.at(rank);
    json worker = {{"rank", rank},
                   {"host", entry.host},
                   {"state", state_of(entry, now.steady)},
                   {"heard_seconds", now.steady - entry.last_heard},
                   {"slots", entry.slots.size()},
                   {"busy", share.busy},
                   {"broken", 0},
                   {"device", ""},
                   {"why", ""}};
    for (const SlotEntry& slot : entry.slots) {
      if (!slot.environment.device.empty()) worker["device"] = slot.environment.device;
      if (slot.state != SlotState::broken) continue;
      worker["broken"] = worker["broken"].get<int>() + 1;
      worker["why"] = slot.why_broken;
    }
    workers.push_back(std::move(worker));
  }
  for (const SlotAddress& at : busy_) {
    const SlotEntry& slot = workers_.at(at.worker).slots[static_cast<std::size_t>(at.slot)];
    for (const auto& [task, attempt] : slot.tasks) {
      const TaskEntry& entry = tasks_[task];
      running.push_back({{"cell", entry.task.cell.name()},
                         {"attempt", attempt},
                         {"rank", at.worker},
                         {"slot", at.slot},
                         {"epoch", entry.epoch},
                         {"epochs", entry.epochs},
                         {"started", entry.begun_wall},
                         {"pack", slot.environment.pack}});
    }
  }
  if (queue_.size() <= kQueueShown) {
    for (const std::size_t task : queue_.first(kQueueShown)) {
      const TaskEntry& entry = tasks_[task];
      queue.push_back(entry.task.cell.name());
      const auto crashed_on = workers_.find(entry.crashed_on);
      if (crashed_on == workers_.end()) continue;
      avoid[entry.task.cell.name()] = fmt::format("its trainer died on worker {} ({}): another is to try it",
                                                  entry.crashed_on, crashed_on->second.host);
    }
  }
  std::optional<double> ends;
  if (ends_) ends = now.wall + (*ends_ - now.steady);
  return {{"time", now.wall},
          {"cells",
           {{"total", counts_.total},
            {"done", counts_.done},
            {"failed", counts_.failed},
            {"running", counts_.running},
            {"queued", counts_.pending}}},
          {"eta_seconds", or_null(remaining_seconds(now))},
          {"gone_seconds", now.steady - begun_.value_or(now.steady)},
          {"stopping", stopping_},
          {"ends", or_null(ends)},
          {"workers", std::move(workers)},
          {"running", std::move(running)},
          {"queue", std::move(queue)},
          {"avoid", std::move(avoid)}};
}

}  // namespace mtlgrid

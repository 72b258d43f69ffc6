#include "orchestrator/scheduler/coordinator_status.h"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/scheduler/remaining_time.h"

namespace mtlgrid {
namespace {

using nlohmann::json;

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

std::string state_of(const WorkerEntry& entry, const CoordinatorView& view, double now) {
  if (entry.bye) return "left";
  if (!entry.alive) return "lost";
  if (view.workers.barred(entry.host)) return "quarantined";
  if (entry.leaving) return "leaving";
  return now - entry.last_heard > 3 * view.heartbeat_seconds ? "silent" : "alive";
}

json workers_of(const CoordinatorView& view, double now) {
  json workers = json::array();
  for (const auto& [rank, entry] : view.workers.all()) {
    json worker = {{"rank", rank},
                   {"host", entry.host},
                   {"state", state_of(entry, view, now)},
                   {"heard_seconds", now - entry.last_heard},
                   {"slots", entry.slots.size()},
                   {"busy", view.workers.totals_of(rank).busy},
                   {"broken", 0},
                   {"device", ""},
                   {"why", ""}};
    for (const TrainerSlot& slot : entry.slots) {
      if (!slot.environment().device.empty()) worker["device"] = slot.environment().device;
      if (slot.state() != TrainerSlot::State::broken) continue;
      worker["broken"] = worker["broken"].get<int>() + 1;
      worker["why"] = slot.why_broken();
    }
    workers.push_back(std::move(worker));
  }
  return workers;
}

json running_of(const CoordinatorView& view) {
  json running = json::array();
  for (const SlotAddress& at : view.workers.busy()) {
    const TrainerSlot& slot = *view.workers.slot(at);
    for (const auto& [index, attempt] : slot.cells()) {
      const TrackedCell& cell = view.cells[index];
      running.push_back({{"cell", cell.cell.name()},
                         {"attempt", attempt},
                         {"rank", at.worker},
                         {"slot", at.slot},
                         {"epoch", cell.epoch},
                         {"epochs", cell.epochs},
                         {"losses", cell.losses},
                         {"started", cell.begun_wall},
                         {"pack", slot.environment().pack}});
    }
  }
  return running;
}

// The queue, and why some of its cells avoid a worker.
void add_queue(const CoordinatorView& view, json& status) {
  json queue = json::array(), avoid = json::object();
  if (view.cells.queue().size() <= kQueueShown) {
    for (const std::size_t index : view.cells.queue().first(kQueueShown)) {
      const TrackedCell& cell = view.cells[index];
      queue.push_back(cell.cell.name());
      const int crashed_on = cell.faults.crashed_on;
      const WorkerEntry* worker = view.workers.find(crashed_on);
      if (worker == nullptr) continue;
      avoid[cell.cell.name()] =
          fmt::format("its trainer died on worker {} ({}): another is to try it", crashed_on, worker->host);
    }
  }
  status["queue"] = std::move(queue);
  status["avoid"] = std::move(avoid);
}

}  // namespace

double share_done(const CellCounts& counts) {
  return counts.cost_total > 0 ? std::clamp(counts.cost_done / counts.cost_total, 0.0, 1.0) : 1;
}

json coordinator_status(const CoordinatorView& view, EventTime now) {
  const CellCounts& counts = view.cells.counts();
  std::optional<double> ends = view.walltime.left(now.steady);
  if (ends) *ends += now.wall;
  json status = {{"time", now.wall},
                 {"cells",
                  {{"total", counts.total},
                   {"done", counts.done},
                   {"failed", counts.failed},
                   {"running", counts.running},
                   {"queued", counts.pending}}},
                 {"share", share_done(counts)},
                 {"eta_seconds", or_null(remaining_seconds(view.cells, view.workers, view.forecast, now.steady))},
                 {"gone_seconds", view.walltime.gone(now.steady)},
                 {"stopping", view.stopping},
                 {"ends", or_null(ends)},
                 {"workers", workers_of(view, now.steady)},
                 {"running", running_of(view)}};
  add_queue(view, status);
  return status;
}

}  // namespace mtlgrid

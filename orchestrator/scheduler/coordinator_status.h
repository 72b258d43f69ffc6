// What the coordinator shows of a running grid: the content of STORE.progress (docs/store-internals.md), for `mtlgrid
// status`.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "orchestrator/durations/run_forecast.h"
#include "orchestrator/scheduler/cell_table.h"
#include "orchestrator/scheduler/event_time.h"
#include "orchestrator/scheduler/walltime.h"
#include "orchestrator/scheduler/worker_table.h"

namespace mtlgrid {

// The status names the queued cells if they are no more than these.
inline constexpr std::size_t kQueueShown = 2000;

// What it is made from.
struct CoordinatorView {
  const CellTable& cells;
  const WorkerTable& workers;
  const RunForecast& forecast;
  const Walltime& walltime;
  bool stopping = false;
  double heartbeat_seconds = 5;  // a worker that is not heard of for three of these is shown as silent
};
nlohmann::json coordinator_status(const CoordinatorView& view, EventTime now);

}  // namespace mtlgrid

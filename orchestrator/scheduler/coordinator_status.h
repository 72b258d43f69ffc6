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

// The share of a run that is done, 0 to 1, by the time that its cells are expected to take: the percentage that a run
// and everybody who looks at it show. 1 where there is nothing to do.
double share_done(const CellCounts& counts);

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

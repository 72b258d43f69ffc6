// How much time running and queued cells still take, as far as is known.
#pragma once

#include <optional>

#include "orchestrator/durations/run_forecast.h"
#include "orchestrator/scheduler/cell_table.h"
#include "orchestrator/scheduler/worker_table.h"

namespace mtlgrid {

// What is left of all cells of a busy slot, in units of cost. `now`: steady seconds.
double remainder_of(const TrainerSlot& slot, const CellTable& cells, const RunForecast& forecast, double now);

// Seconds until the last cell is done, if nothing happens; nullopt: nothing is known yet.
std::optional<double> remaining_seconds(const CellTable& cells, const WorkerTable& workers, const RunForecast& forecast,
                                        double now);

}  // namespace mtlgrid

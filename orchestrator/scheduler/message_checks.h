// Whether a worker may say what it says: of slots that it has, of attempts that were given to it, with values that can
// be true. Asked before the coordinator changes anything.
#pragma once

#include <cstddef>
#include <optional>

#include "orchestrator/scheduler/cell_table.h"
#include "orchestrator/scheduler/messages.h"
#include "orchestrator/scheduler/worker_table.h"

namespace mtlgrid {

// Throws Error(fatal) that says what is wrong, in a few words. `worker` has said hello, unless the message is Hello.
// Reports that only come late, about attempts that were given up or slots that have died since, are in order.
void check_message(const ToCoordinator& message, int worker, const CellTable& cells, const WorkerTable& workers,
                   const Welcome& welcome);

// Throws Error(fatal) unless the result can be of the run to which the worker was welcomed.
void check_end(const CellResult& result, const Welcome& welcome);

// A cell that was given to `worker` before the time `before` (steady), and that its heartbeat does not have: it trains
// nothing of it, and will report nothing. nullopt if there is none.
std::optional<std::size_t> forgotten_cell(const Heartbeat& heartbeat, int worker, const CellTable& cells,
                                          const WorkerTable& workers, double before);

}  // namespace mtlgrid

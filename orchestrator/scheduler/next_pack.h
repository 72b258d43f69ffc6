// Which queued cells a ready trainer gets.
#pragma once

#include <vector>

#include "orchestrator/scheduler/cell_table.h"
#include "orchestrator/scheduler/worker_table.h"

namespace mtlgrid {

// The pack for the ready slot `at`: longest expected cells first; empty if no queued cell may go to its worker.
// `wanted`: train.pack, 0: auto.
std::vector<std::size_t> next_pack(const CellTable& cells, const WorkerTable& workers, SlotAddress at, int wanted);

}  // namespace mtlgrid

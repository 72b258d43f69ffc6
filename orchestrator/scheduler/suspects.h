// Cells that are suspected of taking their workers down with them.
//
// A cell that lost its workers twice in a row has a worker to itself until it has trained an epoch: then the third time
// tells, and no other cell suffers.
#pragma once

#include "orchestrator/scheduler/cell_table.h"
#include "orchestrator/scheduler/worker_table.h"

namespace mtlgrid {

bool suspect(const CellFaults& faults);

// Whether a suspect runs on the worker, so that it gets no other cell.
bool runs_suspect(const WorkerEntry& worker, const CellTable& cells);

}  // namespace mtlgrid

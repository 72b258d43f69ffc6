// Estimates of the disk space that a grid takes, in bytes.
#pragma once

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// The weights of one network in float32, as they are kept; and the checkpoint of a cell.
double weight_bytes(const Plan& plan);
double checkpoint_bytes(const Plan& plan);

// The store with its copies during a run: journal, working database, STORE, snapshot and one that is being written.
double store_bytes(const Plan& plan);

// Everything on the store's file system: the store with its copies, best weights if they are kept, and the checkpoints
// of `trainers` trainers.
double disk_bytes(const Plan& plan, int trainers);

}  // namespace mtlgrid

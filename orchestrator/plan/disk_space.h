// What a grid takes on disk: estimates, in bytes.
#pragma once

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// Of one network's weights in float32, as they are kept, and of a cell's checkpoint.
double weight_bytes(const Plan& plan);
double checkpoint_bytes(const Plan& plan);

// The store with its copies: journal, database, snapshot and, after a kill, the database that is rebuilt.
double store_bytes(const Plan& plan);

// What the grid will take on the store's file system, in bytes, by estimate: the store with its copies, best weights
// where they are kept, and the checkpoints of so many trainers.
double disk_bytes(const Plan& plan, int trainers);

}  // namespace mtlgrid

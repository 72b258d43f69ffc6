// What no division of items into parts can be better than (balanced_partition.h).
#pragma once

#include "datasets/splits/partition_task.h"

namespace mtlgrid {

// Lower bounds of `lacking`, `largest` and `sum`, each by itself: members are whole, an item is in one part, a part
// without a class lacks it. Costs O(items^2) at most.
PartitionCost partition_bound(const PartitionTask& task);

}  // namespace mtlgrid

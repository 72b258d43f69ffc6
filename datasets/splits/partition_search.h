// The search of all divisions that balanced_partition.h ends with.
#pragma once

#include "datasets/splits/partition_task.h"

namespace mtlgrid {

// Depth first over the items in `order`, without divisions that cannot cost less than the best one so far, and without
// those that differ from another in the numbers of parts alone. Replaces `best` by every better division. Whether the
// search ended within `visits` of parts: then no division costs less than `best`.
bool search_all_divisions(const PartitionTask& task, const std::vector<std::size_t>& order, std::int64_t visits,
                          Partition& best);

}  // namespace mtlgrid

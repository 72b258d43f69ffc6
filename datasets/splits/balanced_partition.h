// Items that are never split, divided into parts whose class counts are as near as possible to wanted ones: site groups
// into folds, or into training and validation.
//
// Of two divisions the better one has the lower cost, compared in this order:
//   1. lacking: how many classes a part lacks, weighted by part;
//   2. largest: the largest deviation of a class count of a part from the wanted one;
//   3. sum: the sum of these deviations over parts and classes.
//
// Minimising it is NP-hard (number partitioning). Greedy divisions from several orders of the items come first,
// improved by exchanges of items. A search of all divisions that may be better follows and proves the result where it
// ends within its limit of steps. Where it does not, the best division with some items elsewhere is improved again and
// again. Everything is in whole numbers, so that the result is the same on every machine.
#pragma once

#include <cstdint>

#include "datasets/splits/partition_task.h"

namespace mtlgrid {

// How long to search, in visits of a part, of some nanoseconds each: those of greedy divisions with exchanges, and
// those of the search of all divisions.
struct PartitionEffort {
  std::int64_t exchanges = 4'000'000;
  std::int64_t divisions = 4'000'000;
};

// Deterministic in all arguments. At least one item, one class and two parts; `seed` decides between equal divisions.
Partition balanced_partition(const PartitionTask& task, std::uint32_t seed, const PartitionEffort& effort = {});

}  // namespace mtlgrid

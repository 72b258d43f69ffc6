// What is divided into parts, and what a division costs (balanced_partition.h).
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

namespace mtlgrid {

struct PartitionTask {
  std::vector<std::vector<int>> counts;  // [items, classes], not negative
  // [parts, classes], how many members of a class a part should have, times `unit`. Over the parts, a class's numbers
  // sum up to `unit` times its members.
  std::vector<std::vector<std::int64_t>> wanted;
  std::int64_t unit = 1;
  std::vector<int> weight_of_lack;  // [parts], at least 1
};

struct PartitionCost {
  std::int64_t lacking = 0;
  std::int64_t largest = 0, sum = 0;  // times `unit`
  auto operator<=>(const PartitionCost&) const = default;
};

struct Partition {
  std::vector<int> part;  // of each item
  PartitionCost cost;
  PartitionCost bound;  // no division has a lower `lacking`, `largest` or `sum` than these
  bool best = false;    // whether no division has a lower cost
};

}  // namespace mtlgrid

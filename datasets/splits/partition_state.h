// A division in the making: sums of its parts and what it costs (balanced_partition.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "datasets/splits/partition_task.h"

namespace mtlgrid {

// What a search compares: a PartitionCost, or, while the parts are still far from what is wanted, squares.
struct PartitionMeasure {
  std::int64_t lacking = 0, first = 0, second = 0;
  auto operator<=>(const PartitionMeasure&) const = default;
};

class PartitionState {
 public:
  // `task` must outlive the state. No item is in a part yet.
  explicit PartitionState(const PartitionTask& task);

  std::size_t parts() const { return task_.wanted.size(); }
  std::size_t items() const { return task_.counts.size(); }
  std::size_t classes() const { return task_.counts.front().size(); }
  const std::vector<int>& part() const { return part_; }  // -1: in none
  std::int64_t sum(std::size_t part, std::size_t c) const { return sums_[part * classes() + c]; }

  void put(std::size_t item, int part);  // moves it from where it is; -1: into none. Costs O(classes)
  PartitionCost cost() const;
  // cost() as a measure, or `lacking` and the sum of squared deviations (rounded where they would overflow).
  PartitionMeasure measure(bool squares) const;

 private:
  // What a part costs.
  struct OfPart {
    std::int64_t lacking = 0, largest = 0, sum = 0, squares = 0;
  };
  void add(std::size_t item, std::size_t part, int sign);
  OfPart cost_of(std::size_t part) const;

  const PartitionTask& task_;
  int shift_ = 0;  // deviations are shifted by it before they are squared
  std::vector<int> part_;
  std::vector<std::int64_t> sums_;  // [parts, classes]
  std::vector<OfPart> costs_;       // of the parts, kept up to date with the sums
  OfPart total_;                    // of all parts, but for `largest`
};

}  // namespace mtlgrid

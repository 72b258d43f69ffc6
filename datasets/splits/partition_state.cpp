#include "datasets/splits/partition_state.h"

#include <algorithm>
#include <cstdlib>

namespace mtlgrid {

PartitionState::PartitionState(const PartitionTask& task)
    : task_(task), part_(task.counts.size(), -1), sums_(task.wanted.size() * task.counts.front().size(), 0) {
  std::int64_t most = 1;  // deviation of any part
  for (std::size_t c = 0; c < classes(); ++c) {
    std::int64_t members = 0;
    for (const auto& counts : task.counts) members += counts[c];
    most = std::max(most, task.unit * members);
  }
  // The squares of all parts and classes together must stay below 2^62.
  std::int64_t room = std::int64_t{1} << 62;
  room /= static_cast<std::int64_t>(sums_.size());
  while ((most >> shift_) > std::int64_t{1} << 31 || (most >> shift_) * (most >> shift_) > room) ++shift_;
  for (std::size_t p = 0; p < parts(); ++p) {
    costs_.push_back(cost_of(p));
    total_.lacking += costs_[p].lacking;
    total_.sum += costs_[p].sum;
    total_.squares += costs_[p].squares;
  }
}

PartitionState::OfPart PartitionState::cost_of(std::size_t part) const {
  OfPart cost;
  for (std::size_t c = 0; c < classes(); ++c) {
    const std::int64_t deviation = std::abs(task_.unit * sum(part, c) - task_.wanted[part][c]);
    if (sum(part, c) == 0) cost.lacking += task_.weight_of_lack[part];
    cost.largest = std::max(cost.largest, deviation);
    cost.sum += deviation;
    cost.squares += (deviation >> shift_) * (deviation >> shift_);
  }
  return cost;
}

void PartitionState::add(std::size_t item, std::size_t part, int sign) {
  for (std::size_t c = 0; c < classes(); ++c) sums_[part * classes() + c] += sign * task_.counts[item][c];
  const OfPart before = costs_[part], now = cost_of(part);
  costs_[part] = now;
  total_.lacking += now.lacking - before.lacking;
  total_.sum += now.sum - before.sum;
  total_.squares += now.squares - before.squares;
}

void PartitionState::put(std::size_t item, int part) {
  if (part_[item] >= 0) add(item, static_cast<std::size_t>(part_[item]), -1);
  if (part >= 0) add(item, static_cast<std::size_t>(part), 1);
  part_[item] = part;
}

PartitionCost PartitionState::cost() const {
  PartitionCost cost{total_.lacking, 0, total_.sum};
  for (const OfPart& part : costs_) cost.largest = std::max(cost.largest, part.largest);
  return cost;
}

PartitionMeasure PartitionState::measure(bool squares) const {
  if (squares) return {total_.lacking, total_.squares, 0};
  const PartitionCost c = cost();
  return {c.lacking, c.largest, c.sum};
}

}  // namespace mtlgrid

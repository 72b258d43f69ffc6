#include "orchestrator/scheduler/work_queue.h"

namespace mtlgrid {

void WorkQueue::add(const Cell& cell, double cost) {
  const std::string group = cell.pair() + "/" + cell.fold_name();
  const auto [found, fresh] = group_numbers_.try_emplace(group, groups_.size());
  if (fresh) groups_.emplace_back();
  entries_.push_back({&cell, cost, found->second});
}

void WorkQueue::set_cost(std::size_t index, double cost) {
  const bool waits = contains(index);
  if (waits) erase(index);
  entries_[index].cost = cost;
  if (waits) insert(index);
}

void WorkQueue::insert(std::size_t index) {
  Entry& entry = entries_[index];
  if (std::exchange(entry.waits, true)) return;
  queue_.insert({entry.cost, index});
  groups_[entry.group].insert({entry.cost, index});
  cost_ += entry.cost;
}

void WorkQueue::erase(std::size_t index) {
  Entry& entry = entries_[index];
  if (!std::exchange(entry.waits, false)) return;
  queue_.erase({entry.cost, index});
  groups_[entry.group].erase({entry.cost, index});
  cost_ = queue_.empty() ? 0 : cost_ - entry.cost;
}

std::vector<PackCandidate> WorkQueue::candidates(const std::function<bool(std::size_t)>& allowed,
                                                 const std::function<int(std::size_t)>& limit) const {
  std::vector<PackCandidate> found;
  const auto most = static_cast<std::size_t>(largest_pack());
  for (const Key& first : queue_) {
    if (!allowed(first.index)) continue;
    for (const Key& key : groups_[entries_[first.index].group]) {
      if (found.size() == most) break;
      if (allowed(key.index)) found.push_back({key.index, entries_[key.index].cell, limit(key.index)});
    }
    break;
  }
  return found;
}

std::vector<std::size_t> WorkQueue::first(std::size_t most) const {
  std::vector<std::size_t> indices;
  for (auto it = queue_.begin(); it != queue_.end() && indices.size() < most; ++it) indices.push_back(it->index);
  return indices;
}

}  // namespace mtlgrid

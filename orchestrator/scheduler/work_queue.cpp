#include "orchestrator/scheduler/work_queue.h"

#include <fmt/format.h>

namespace mtlgrid {

void WorkQueue::add(const Cell& cell, double cost) {
  const std::string group = fmt::format("{}/{}/{}", cell.biomarker, cell.auxiliary, cell.fold);
  const auto [found, fresh] = group_numbers_.try_emplace(group, groups_.size());
  if (fresh) groups_.emplace_back();
  entries_.push_back({&cell, cost, found->second});
}

void WorkQueue::set_cost(std::size_t task, double cost) {
  const bool waits = contains(task);
  if (waits) erase(task);
  entries_[task].cost = cost;
  if (waits) insert(task);
}

void WorkQueue::insert(std::size_t task) {
  Entry& entry = entries_[task];
  if (std::exchange(entry.waits, true)) return;
  queue_.insert({entry.cost, task});
  groups_[entry.group].insert({entry.cost, task});
  cost_ += entry.cost;
}

void WorkQueue::erase(std::size_t task) {
  Entry& entry = entries_[task];
  if (!std::exchange(entry.waits, false)) return;
  queue_.erase({entry.cost, task});
  groups_[entry.group].erase({entry.cost, task});
  cost_ = queue_.empty() ? 0 : cost_ - entry.cost;
}

std::vector<PackCandidate> WorkQueue::candidates(const std::function<bool(std::size_t)>& allowed,
                                                 const std::function<int(std::size_t)>& limit) const {
  std::vector<PackCandidate> found;
  for (const Key& first : queue_) {
    if (!allowed(first.task)) continue;
    for (const Key& key : groups_[entries_[first.task].group]) {
      if (found.size() == kLargestPack) break;
      if (allowed(key.task)) found.push_back({key.task, entries_[key.task].cell, limit(key.task)});
    }
    break;
  }
  return found;
}

std::vector<std::size_t> WorkQueue::first(std::size_t most) const {
  std::vector<std::size_t> tasks;
  for (auto it = queue_.begin(); it != queue_.end() && tasks.size() < most; ++it) tasks.push_back(it->task);
  return tasks;
}

}  // namespace mtlgrid

// The cells that wait, longest expected first, each also in its group's own queue: what a pack is chosen from. Every
// call takes time in the logarithm of their number: grids of a million cells are handed out by it.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "orchestrator/scheduler/packing.h"

namespace mtlgrid {

class WorkQueue {
 public:
  // Cells are numbered in the order of these calls, from 0; none waits yet.
  void add(const Cell& cell, double cost);
  // A waiting cell keeps its place by its new cost.
  void set_cost(std::size_t index, double cost);
  void insert(std::size_t index);
  void erase(std::size_t index);
  bool contains(std::size_t index) const { return entries_[index].waits; }
  bool empty() const { return queue_.empty(); }
  std::size_t size() const { return queue_.size(); }
  // Of all that wait.
  double cost() const { return cost_; }

  // The first cell that `allowed` admits, and those of its group that it admits too, in their order: at most
  // largest_pack() candidates. `limit` is PackCandidate's. Empty: none.
  std::vector<PackCandidate> candidates(const std::function<bool(std::size_t)>& allowed,
                                        const std::function<int(std::size_t)>& limit) const;
  // The first `most` waiting tasks, in order.
  std::vector<std::size_t> first(std::size_t most) const;

 private:
  // Ties are broken by the cell's number, so that the order is one and the same.
  struct Key {
    double cost;
    std::size_t index;
    bool operator<(const Key& other) const { return cost != other.cost ? cost > other.cost : index < other.index; }
  };
  struct Entry {
    const Cell* cell;
    double cost;
    std::size_t group;
    bool waits = false;
  };
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> group_numbers_;
  std::vector<std::set<Key>> groups_;
  std::set<Key> queue_;
  double cost_ = 0;
};

}  // namespace mtlgrid

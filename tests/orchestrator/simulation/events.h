// Virtual time: what happens when, in a simulation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace mtlgrid::simulation {

// A queue of actions, each at its time; those of one time in the order in which they were added. Seconds.
class Events {
 public:
  using Action = std::function<void()>;

  double now() const { return now_; }
  std::uint64_t happened() const { return happened_; }

  // A time that has passed is now.
  void at(double time, Action action) {
    heap_.push_back({std::max(time, now_), added_++, std::move(action)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  void after(double seconds, Action action) { at(now_ + seconds, std::move(action)); }

  // Goes to the next action's time and runs it; false if there is none.
  bool step() {
    if (heap_.empty()) return false;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Entry next = std::move(heap_.back());
    heap_.pop_back();
    now_ = next.time;
    ++happened_;
    next.action();
    return true;
  }

 private:
  struct Entry {
    double time;
    std::uint64_t order;
    Action action;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.time > b.time || (a.time == b.time && a.order > b.order);
  }

  double now_ = 0;
  std::uint64_t added_ = 0, happened_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace mtlgrid::simulation

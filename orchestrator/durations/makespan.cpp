#include "orchestrator/durations/makespan.h"

#include <algorithm>
#include <functional>

namespace mtlgrid {

double remaining_makespan(std::vector<double> running, const std::vector<double>& queued, int slots) {
  std::vector<double>& ends = running;  // when each slot is free; a heap, soonest first
  ends.resize(std::max(ends.size(), static_cast<std::size_t>(std::max(1, slots))), 0);
  std::make_heap(ends.begin(), ends.end(), std::greater<>());
  for (const double duration : queued) {
    std::pop_heap(ends.begin(), ends.end(), std::greater<>());
    ends.back() += duration;
    std::push_heap(ends.begin(), ends.end(), std::greater<>());
  }
  return *std::max_element(ends.begin(), ends.end());
}

}  // namespace mtlgrid

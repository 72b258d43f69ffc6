#include "datasets/splits/partition_bound.h"

#include <algorithm>

namespace mtlgrid {
namespace {

// Of parts that all should have the same members of two classes: an item with more of class `a` than a part should have
// is in some part, which gets what it lacks of the other class only with further members of `a`. The least deviation of
// that part if the other items could be cut, those with the most members of the other class per member of `a` first.
std::int64_t bound_of_large_items(const PartitionTask& task, std::size_t a) {
  const std::size_t b = 1 - a;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < task.counts.size(); ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return std::int64_t{task.counts[i][b]} * task.counts[j][a] > std::int64_t{task.counts[j][b]} * task.counts[i][a];
  });
  std::int64_t bound = 0;
  for (std::size_t i = 0; i < task.counts.size(); ++i) {
    std::int64_t over = task.unit * task.counts[i][a] - task.wanted.front()[a];
    std::int64_t under = task.wanted.front()[b] - task.unit * task.counts[i][b];
    if (over <= 0) continue;
    for (const std::size_t j : order) {
      if (over >= under) break;
      if (j == i || task.counts[j][b] == 0) continue;
      const std::int64_t more_a = task.unit * task.counts[j][a], more_b = task.unit * task.counts[j][b];
      if (over + more_a >= under - more_b) {  // a share of the item makes both equal; rounded up, as costs are whole
        over += (more_a * (under - over) + more_a + more_b - 1) / (more_a + more_b);
        under = over;
      } else {
        over += more_a;
        under -= more_b;
      }
    }
    bound = std::max({bound, over, under});
  }
  return bound;
}

}  // namespace

PartitionCost partition_bound(const PartitionTask& task) {
  PartitionCost bound;
  const std::size_t classes = task.counts.front().size(), parts = task.wanted.size();
  for (std::size_t c = 0; c < classes; ++c) {
    std::int64_t holders = 0, largest_item = 0, least_sum = 0, remainders = 0, most_wanted = 0;
    for (const auto& counts : task.counts) {
      holders += counts[c] > 0 ? 1 : 0;
      largest_item = std::max<std::int64_t>(largest_item, counts[c]);
    }
    for (const auto& wanted : task.wanted) {  // whole members are at least this far from a fraction
      const std::int64_t above = wanted[c] % task.unit, nearest = std::min(above, task.unit - above);
      bound.largest = std::max(bound.largest, nearest);
      least_sum += nearest;
      remainders += above;
      most_wanted = std::max(most_wanted, wanted[c]);
    }
    const bool alike = std::all_of(task.wanted.begin(), task.wanted.end(),
                                   [&](const auto& wanted) { return wanted[c] == task.wanted.front()[c]; });
    if (const std::int64_t above = task.wanted.front()[c] % task.unit; alike && above > 0) {
      // Some parts have the whole number above, the others the one below.
      const std::int64_t up = remainders / task.unit, down = static_cast<std::int64_t>(parts) - up;
      bound.largest = std::max({bound.largest, above, task.unit - above});
      least_sum = std::max(least_sum, up * (task.unit - above) + down * above);
    }
    const std::int64_t over = task.unit * largest_item - most_wanted;
    bound.largest = std::max(bound.largest, over);
    bound.sum += std::max(least_sum, 2 * over);
    bound.lacking += std::max<std::int64_t>(0, static_cast<std::int64_t>(parts) - holders) *
                     *std::min_element(task.weight_of_lack.begin(), task.weight_of_lack.end());
  }
  if (classes == 2 && std::all_of(task.wanted.begin(), task.wanted.end(),
                                  [&](const auto& wanted) { return wanted == task.wanted.front(); })) {
    bound.largest = std::max({bound.largest, bound_of_large_items(task, 0), bound_of_large_items(task, 1)});
  }
  return bound;
}

}  // namespace mtlgrid

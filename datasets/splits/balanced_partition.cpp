#include "datasets/splits/balanced_partition.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "datasets/splits/folds.h"
#include "datasets/splits/partition_bound.h"
#include "datasets/splits/partition_search.h"
#include "datasets/splits/partition_state.h"

namespace mtlgrid {
namespace {

constexpr int kOrders = 8;                  // of the items, that greedy divisions begin with
constexpr int kDisturbances = 40;           // of the best division, where the largest deviation is the least already
constexpr int kDisturbed = 4;               // items put elsewhere by each
constexpr int kEnough = 40;                 // divisions where the largest deviation is already the least
constexpr std::size_t kMostSearched = 300;  // items; more are never searched to the end, and the search is recursive

// Greedy divisions, and exchanges of items as long as they make the division better.
class Exchanges {
 public:
  Exchanges(const PartitionTask& task, std::int64_t visits) : state_(task), visits_(visits) {}

  // Every item, in this order, where it costs least.
  void divide(const std::vector<std::size_t>& order) {
    for (const std::size_t item : order) state_.put(item, -1);
    for (const std::size_t item : order) state_.put(item, best_part(item, true).second);
  }

  // The items as in `part`, but for some in another part.
  void disturb(const std::vector<int>& part, NumpyRandom& random) {
    const auto any = [&](std::size_t of) { return random.interval(static_cast<std::uint32_t>(of - 1)); };
    for (std::size_t item = 0; item < part.size(); ++item) state_.put(item, part[item]);
    for (int i = 0; i < kDisturbed; ++i) state_.put(any(part.size()), static_cast<int>(any(state_.parts())));
  }

  // In this order; by squares first if the division is far from a good one.
  void improve(const std::vector<std::size_t>& order, bool far) {
    for (const bool squares : {true, false}) {
      if (squares && !far) continue;
      while (visits_ > 0 && (moved(order, squares) || swapped(order, squares))) {
      }
    }
  }

  const PartitionState& state() const { return state_; }
  bool exhausted() const { return visits_ <= 0; }

 private:
  PartitionMeasure measure(bool squares) {
    visits_ -= static_cast<std::int64_t>(state_.parts());
    return state_.measure(squares);
  }

  // The part in which the item costs least, and that measure; the item is then in the last part that was tried.
  std::pair<PartitionMeasure, int> best_part(std::size_t item, bool squares) {
    std::pair<PartitionMeasure, int> best;
    for (int p = 0; p < static_cast<int>(state_.parts()); ++p) {
      state_.put(item, p);
      const PartitionMeasure m = measure(squares);
      if (p == 0 || m < best.first) best = {m, p};
    }
    return best;
  }

  // Moves items into parts in which they cost less. Whether any was.
  bool moved(const std::vector<std::size_t>& order, bool squares) {
    bool any = false;
    for (const std::size_t item : order) {
      if (visits_ <= 0) break;
      const int here = state_.part()[item];
      const PartitionMeasure now = measure(squares);
      const auto [least, part] = best_part(item, squares);
      state_.put(item, least < now ? part : here);
      any = any || least < now;
    }
    return any;
  }

  // Swaps pairs of items of different parts where that costs less. Whether any was.
  bool swapped(const std::vector<std::size_t>& order, bool squares) {
    bool any = false;
    PartitionMeasure now = measure(squares);
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (std::size_t j = i + 1; j < order.size() && visits_ > 0; ++j) {
        const int a = state_.part()[order[i]], b = state_.part()[order[j]];
        if (a == b) continue;
        state_.put(order[i], b);
        state_.put(order[j], a);
        if (const PartitionMeasure m = measure(squares); m < now) {
          now = m;
          any = true;
        } else {
          state_.put(order[i], a);
          state_.put(order[j], b);
        }
      }
    }
    return any;
  }

  PartitionState state_;
  std::int64_t visits_;
};

// The largest items first; equal ones in the order of `shuffled`. `noise`: items count up to that many quarters more.
std::vector<std::size_t> by_size(const PartitionTask& task, const std::vector<int>& shuffled, std::uint32_t noise,
                                 NumpyRandom& random) {
  std::vector<std::pair<std::int64_t, std::size_t>> sizes;
  for (const int i : shuffled) {
    const auto& counts = task.counts[static_cast<std::size_t>(i)];
    const std::int64_t size = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    sizes.emplace_back(size * (4 + random.interval(noise)), static_cast<std::size_t>(i));
  }
  std::stable_sort(sizes.begin(), sizes.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::size_t> order;
  for (const auto& [size, item] : sizes) order.push_back(item);
  return order;
}

}  // namespace

Partition balanced_partition(const PartitionTask& task, std::uint32_t seed, const PartitionEffort& effort) {
  NumpyRandom random(seed);
  Partition best;
  best.bound = partition_bound(task);
  const int items = static_cast<int>(task.counts.size());
  const std::vector<std::size_t> largest_first = by_size(task, random.permutation(items), 0, random);
  Exchanges exchanges(task, effort.exchanges);
  const auto keep_if_better = [&] {
    const PartitionCost cost = exchanges.state().cost();
    if (!best.part.empty() && !(cost < best.cost)) return;
    best.cost = cost;
    best.part = exchanges.state().part();
  };
  const auto done = [&] { return !best.part.empty() && (best.cost == best.bound || exchanges.exhausted()); };
  for (int i = 0; i < kOrders && !done(); ++i) {
    const auto order = i == 0 ? largest_first : by_size(task, random.permutation(items), 4, random);
    exchanges.divide(order);
    if (exchanges.state().cost() != best.bound) exchanges.improve(order, true);
    keep_if_better();
  }
  const bool searched =
      task.counts.size() <= kMostSearched && search_all_divisions(task, largest_first, effort.divisions, best);
  const auto near = [&] { return best.cost.lacking == best.bound.lacking && best.cost.largest == best.bound.largest; };
  for (int i = 0; !searched && !done() && (i < kDisturbances || !near()); ++i) {
    exchanges.disturb(best.part, random);
    exchanges.improve(by_size(task, random.permutation(items), 4, random), false);
    keep_if_better();
  }
  best.best = searched || best.cost == best.bound;
  if (best.best) best.bound = best.cost;
  return best;
}

}  // namespace mtlgrid

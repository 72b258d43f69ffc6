#include "datasets/splits/partition_search.h"

#include <algorithm>

#include "datasets/splits/partition_state.h"

namespace mtlgrid {
namespace {

class Search {
 public:
  Search(const PartitionTask& task, const std::vector<std::size_t>& order, std::int64_t visits, Partition& best)
      : task_(task), order_(order), visits_(visits), best_(best), state_(task) {
    // What the items from position i on have together, and how many of them have a member of a class.
    rest_.assign((order.size() + 1) * state_.classes(), 0);
    holders_ = rest_;
    for (std::size_t i = order.size(); i-- > 0;) {
      for (std::size_t c = 0; c < state_.classes(); ++c) {
        const int count = task.counts[order[i]][c];
        rest_[i * state_.classes() + c] = rest_[(i + 1) * state_.classes() + c] + count;
        holders_[i * state_.classes() + c] = holders_[(i + 1) * state_.classes() + c] + (count > 0 ? 1 : 0);
      }
    }
    alike_ = std::equal(task.wanted.begin() + 1, task.wanted.end(), task.wanted.begin()) &&
             std::equal(task.weight_of_lack.begin() + 1, task.weight_of_lack.end(), task.weight_of_lack.begin());
  }

  bool whole() {
    place(0, 0);
    return visits_ > 0;
  }

 private:
  // Places the items from position `at` on; the parts from `open` on are empty.
  void place(std::size_t at, std::size_t open) {
    if (visits_ <= 0 || best_.cost == best_.bound) return;
    if (at == order_.size()) {
      const PartitionCost cost = state_.cost();
      if (cost < best_.cost) {
        best_.cost = cost;
        best_.part = state_.part();
      }
      return;
    }
    const std::size_t item = order_[at];
    std::size_t first = 0;
    if (alike_ && at > 0 && task_.counts[order_[at - 1]] == task_.counts[item]) {
      first = static_cast<std::size_t>(state_.part()[order_[at - 1]]);  // equal items: in ascending order of parts
    }
    const std::size_t last = alike_ ? std::min(open + 1, state_.parts()) : state_.parts();
    for (std::size_t p = first; p < last; ++p) {
      state_.put(item, static_cast<int>(p));
      visits_ -= static_cast<std::int64_t>(state_.parts());
      if (least_cost(at + 1) < best_.cost) place(at + 1, std::max(open, p + 1));
      state_.put(item, -1);
    }
  }

  // What every division costs at least that has the items before position `at` where they are.
  PartitionCost least_cost(std::size_t at) const {
    PartitionCost least;
    const std::size_t classes = state_.classes();
    for (std::size_t c = 0; c < classes; ++c) {
      const std::int64_t rest = rest_[at * classes + c];
      std::int64_t lacking = 0, too_many = 0, too_few = 0;
      int lightest = task_.weight_of_lack.front();
      for (std::size_t p = 0; p < state_.parts(); ++p) {
        const std::int64_t sum = state_.sum(p, c), over = task_.unit * sum - task_.wanted[p][c];
        const std::int64_t under = -over - task_.unit * rest;  // even with everything that is left
        if (sum == 0) ++lacking;
        lightest = std::min(lightest, task_.weight_of_lack[p]);
        too_many += std::max<std::int64_t>(over, 0);
        too_few += std::max<std::int64_t>(under, 0);
        least.largest = std::max({least.largest, over, under});
      }
      least.lacking += std::max<std::int64_t>(0, lacking - holders_[at * classes + c]) * lightest;
      least.sum += 2 * std::max(too_many, too_few);  // what one part has too many of, others have too few of
    }
    return least;
  }

  const PartitionTask& task_;
  const std::vector<std::size_t>& order_;
  std::int64_t visits_;
  Partition& best_;
  PartitionState state_;
  std::vector<std::int64_t> rest_, holders_;  // [items + 1, classes]
  bool alike_ = false;                        // all parts are to have the same
};

}  // namespace

bool search_all_divisions(const PartitionTask& task, const std::vector<std::size_t>& order, std::int64_t visits,
                          Partition& best) {
  return Search(task, order, visits, best).whole();
}

}  // namespace mtlgrid

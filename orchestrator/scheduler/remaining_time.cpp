#include "orchestrator/scheduler/remaining_time.h"

#include <algorithm>
#include <vector>

#include "orchestrator/durations/makespan.h"

namespace mtlgrid {
namespace {

// With more cells than this, waiting time is their sum shared out: the order makes no difference any more.
constexpr std::size_t kScheduledQueue = 20000;

}  // namespace

double remainder_of(const TrainerSlot& slot, const CellTable& cells, const RunForecast& forecast, double now) {
  double sum = 0;
  for (const auto& [index, attempt] : slot.cells()) {
    const TrackedCell& cell = cells[index];
    sum += forecast.remainder(cell.cost, cell.fraction, cell.from_scratch ? now - cell.begun : 0);
  }
  return sum;
}

std::optional<double> remaining_seconds(const CellTable& cells, const WorkerTable& workers, const RunForecast& forecast,
                                        double now) {
  if (cells.counts().pending == 0 && cells.counts().running == 0) return 0;
  const auto rate = forecast.seconds_per_cost();
  const int slots = workers.totals().slots;
  if (!rate || slots == 0) return std::nullopt;
  std::vector<double> running, waiting;
  double sum = 0;
  for (const SlotAddress& busy : workers.busy()) {
    running.push_back(remainder_of(*workers.slot(busy), cells, forecast, now) * *rate);
    sum += running.back();
  }
  const WorkQueue& queue = cells.queue();
  if (queue.size() > kScheduledQueue) return (sum + queue.cost() * *rate) / slots;
  for (const std::size_t index : queue.first(kScheduledQueue)) waiting.push_back(cells[index].cost * *rate);
  return remaining_makespan(running, waiting, std::max(slots, static_cast<int>(running.size())));
}

}  // namespace mtlgrid

#include "orchestrator/scheduler/pack_splitting.h"

#include "orchestrator/scheduler/remaining_time.h"

namespace mtlgrid {
namespace {

constexpr double kSplitEvery = 1;  // seconds: at the end of a large run all packs are looked at

}  // namespace

std::optional<PackSplit> PackSplitting::choose(const CellTable& cells, const WorkerTable& workers,
                                               const RunForecast& forecast, double now) {
  if (workers.ready().empty() || !cells.queue().empty() || workers.busy().empty()) return std::nullopt;
  const auto rate = forecast.seconds_per_cost();
  if (!rate || now - last_ < kSplitEvery) return std::nullopt;
  last_ = now;
  const TrainerSlot* longest = nullptr;
  PackSplit split;
  double most = 0;
  for (const SlotAddress& busy : workers.busy()) {
    const TrainerSlot& slot = *workers.slot(busy);
    if (!slot.released().empty()) return std::nullopt;
    const double left = remainder_of(slot, cells, forecast, now);
    if (slot.cells().size() < 2 || left <= most) continue;
    longest = &slot;
    split.at = busy;
    most = left;
  }
  if (longest == nullptr || most * *rate < kSplitSeconds) return std::nullopt;
  bool give = false;  // every second one, so that both halves are about as long
  for (const auto& [index, attempt] : longest->cells()) {
    if (give) split.cells.push_back(index);
    give = !give;
  }
  return split;
}

}  // namespace mtlgrid

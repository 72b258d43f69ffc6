// Splitting packs at a run's end, when trainers are idle: the pack that has the most left gives half of its cells away,
// one pack at a time.
#pragma once

#include <optional>
#include <vector>

#include "orchestrator/durations/run_forecast.h"
#include "orchestrator/scheduler/cell_table.h"
#include "orchestrator/scheduler/worker_table.h"

namespace mtlgrid {

// A pack is split between its trainer and an idle one if it would take longer than this: moving costs a checkpoint, its
// reading, and bags that the other has not used yet. Guessed.
inline constexpr double kSplitSeconds = 60;

// Cells that the slot's trainer is to give away.
struct PackSplit {
  SlotAddress at;
  std::vector<std::size_t> cells;
};

class PackSplitting {
 public:
  // The pack to split now, if there is one; looks at all busy slots at most once a second. `now`: steady seconds.
  std::optional<PackSplit> choose(const CellTable& cells, const WorkerTable& workers, const RunForecast& forecast,
                                  double now);

 private:
  double last_ = -1e300;
};

}  // namespace mtlgrid

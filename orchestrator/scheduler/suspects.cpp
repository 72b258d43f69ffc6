#include "orchestrator/scheduler/suspects.h"

namespace mtlgrid {
namespace {

constexpr int kSuspectLosses = 2;

}  // namespace

bool suspect(const CellFaults& faults) { return faults.losses >= kSuspectLosses; }

bool runs_suspect(const WorkerEntry& worker, const CellTable& cells) {
  for (const TrainerSlot& slot : worker.slots) {
    for (const auto& [index, attempt] : slot.cells()) {
      if (suspect(cells[index].faults)) return true;
    }
  }
  return false;
}

}  // namespace mtlgrid

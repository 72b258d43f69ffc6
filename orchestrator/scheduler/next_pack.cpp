#include "orchestrator/scheduler/next_pack.h"

#include <set>

#include "orchestrator/scheduler/messages.h"
#include "orchestrator/scheduler/packing.h"
#include "orchestrator/scheduler/suspects.h"

namespace mtlgrid {
namespace {

PackFacts facts_for(const CellTable& cells, const WorkerTable& workers, const TrainerSlot& slot, int wanted) {
  PackFacts facts;
  facts.wanted = wanted;
  facts.gpu = slot.environment().device.starts_with("cuda");
  facts.largest = slot.largest_pack();
  // What was asked back for idle trainers is shared among those.
  const std::size_t queued = cells.queue().size();
  const bool given_back = cells.moved() == queued;
  facts.cells = static_cast<int>(queued) + (given_back ? 0 : cells.counts().running);
  facts.trainers = given_back ? static_cast<int>(workers.ready().size()) : workers.totals().slots;
  return facts;
}

}  // namespace

std::vector<std::size_t> next_pack(const CellTable& cells, const WorkerTable& workers, SlotAddress at, int wanted) {
  const int worker = at.worker;
  // Whether a worker that may get cells is left without these two.
  const auto left_without = [&](int one, int two) {
    int left = workers.totals().usable;
    for (const int away : std::set<int>{one, two}) {
      if (workers.find(away) != nullptr) left -= workers.totals_of(away).usable;
    }
    return left > 0;
  };
  const bool free = workers.at(worker).cells() == 0;
  const auto allowed = [&](std::size_t index) {
    const CellFaults& faults = cells[index].faults;
    if (suspect(faults) && !free) return false;
    // Another worker is to try a cell whose trainer died on this one, and a cell that lost its worker must not take
    // down the coordinator, which is a worker too; but some worker must be left for it.
    const bool spares_coordinator = faults.losses > 0;
    if (faults.crashed_on == worker && left_without(worker, spares_coordinator ? kCoordinator : worker)) return false;
    return !(worker == kCoordinator && spares_coordinator && left_without(kCoordinator, faults.crashed_on));
  };
  const auto limit = [&](std::size_t index) { return cells[index].faults.pack_limit; };
  const std::vector<PackCandidate> queued = cells.queue().candidates(allowed, limit);
  if (queued.empty()) return {};
  return choose_pack(queued, pack_width(facts_for(cells, workers, *workers.slot(at), wanted)));
}

}  // namespace mtlgrid

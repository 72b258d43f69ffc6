#include "orchestrator/scheduler/message_checks.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/errors.h"
#include "base/text.h"
#include "orchestrator/scheduler/packing.h"
#include "trainer/contract/report_checks.h"

namespace mtlgrid {
namespace {

[[noreturn]] void wrong(const std::string& what) { throw Error(ErrorKind::fatal, what); }

class Checks {
 public:
  Checks(int worker, const CellTable& cells, const WorkerTable& workers, const Welcome& welcome)
      : worker_(worker), cells_(cells), workers_(workers), welcome_(welcome) {}

  // One for each alternative of ToCoordinator.
  void operator()(const Hello& hello) const { check_text("the host's name", hello.host); }
  void operator()(const Slots& slots) const { check_range("the number of its slots", slots.slots, 0, kMostSlots); }
  void operator()(const SlotReady& ready) const {
    slot(ready.slot);
    check_answer(Ready{0, ready.largest_pack, ready.environment, ready.staging_lacks});
  }
  void operator()(const SlotStageId& id) const {
    slot(id.slot);
    check_answer(id.answer);
  }
  void operator()(const SlotStaged& staged) const {
    slot(staged.slot);
    check_answer(staged.answer);
  }
  void operator()(const SlotBroken& broken) const {
    slot(broken.slot);
    texts(broken.cause, broken.detail);
  }
  void operator()(const Heartbeat& heartbeat) const {
    for (const Progress& progress : heartbeat.running) {
      check_progress(progress);
      held(progress.cell, progress.attempt);
    }
  }
  void operator()(const CellFinished& finished) const {
    const CellResult& result = finished.result;
    ended(finished.slot, finished.left, result.cell, result.attempt);
    check_end(result, welcome_);
  }
  void operator()(const CellFailed& failed) const {
    ended(failed.slot, failed.left, failed.cell, failed.attempt);
    texts(failed.cause, failed.detail);
  }
  void operator()(const CellStopped& stopped) const {
    ended(stopped.slot, stopped.left, stopped.cell, stopped.attempt);
  }
  void operator()(const PackCrashed& crash) const {
    slot(crash.slot);
    texts(crash.cause, crash.detail);
    std::map<std::size_t, int> running;
    for (const Progress& member : crash.running) {
      check_progress(member);
      const std::size_t index = held(member.cell, member.attempt);
      at_its_place(index, member.attempt, crash.slot);
      if (!running.emplace(index, member.attempt).second) wrong("it reports a cell of a pack twice");
    }
    const TrainerSlot* of = workers_.slot({worker_, crash.slot});
    if (of != nullptr && of->busy() && of->cells() != running) {
      wrong(fmt::format("it reports the end of another pack than slot {} has", crash.slot));
    }
  }
  void operator()(const Leaving&) const {}
  void operator()(const Bye&) const {}
  void operator()(const OtherMessage& message) const {
    wrong(fmt::format("it sent a message of unknown type '{}'", printable(message.type.substr(0, 100))));
  }

 private:
  // Before the worker has told how many it has, any; it may have been started again since.
  void slot(int number) const {
    const std::size_t has = workers_.at(worker_).slots.size();
    check_range("a slot", number, 0, (has == 0 ? kMostSlots : static_cast<int>(has)) - 1);
  }

  static void texts(const std::string& cause, const std::string& detail) {
    check_text("a cause", cause);
    check_text("a detail", detail, kLongestDetail);
  }

  // The index of a cell whose `attempt` was given to this worker.
  std::size_t held(const Cell& cell, int attempt) const {
    const auto index = cells_.find(cell);
    if (!index || cells_[*index].cell != cell) {
      wrong(fmt::format("it reports cell '{}', which is not of this run", printable(cell.name().substr(0, 200))));
    }
    const TrackedCell& tracked = cells_[*index];
    const auto nth = static_cast<std::int64_t>(attempt) - tracked.earlier_attempts - 1;
    if (nth < 0 || nth >= std::ssize(tracked.holders) || tracked.holders[static_cast<std::size_t>(nth)] != worker_) {
      wrong(fmt::format("it reports attempt {} of {}, which it was not given", attempt, cell.name()));
    }
    return *index;
  }

  void at_its_place(std::size_t index, int attempt, int slot) const {
    const TrackedCell& tracked = cells_[index];
    const bool runs = tracked.phase == CellPhase::running && tracked.attempt == attempt;
    if (runs && tracked.at.slot != slot) {
      wrong(fmt::format("it reports {} of slot {}, which runs on {}", tracked.cell.name(), slot, tracked.at.slot));
    }
  }

  // `left` is what the slot's pack has left without this cell.
  void ended(int number, int left, const Cell& cell, int attempt) const {
    slot(number);
    check_range("the rest of a pack", left, 0, largest_pack());
    const std::size_t index = held(cell, attempt);
    at_its_place(index, attempt, number);
    const TrainerSlot* of = workers_.slot({worker_, number});
    if (of == nullptr || !of->busy()) return;
    const auto member = of->cells().find(index);
    if (member == of->cells().end() || member->second != attempt) return;  // of an earlier pack
    if (static_cast<std::size_t>(left) + 1 != of->cells().size()) {
      wrong(fmt::format("it reports {} left of a pack that has {}", left, of->cells().size() - 1));
    }
  }

  int worker_;
  const CellTable& cells_;
  const WorkerTable& workers_;
  const Welcome& welcome_;
};

}  // namespace

std::optional<std::size_t> forgotten_cell(const Heartbeat& heartbeat, int worker, const CellTable& cells,
                                          const WorkerTable& workers, double before) {
  std::set<std::size_t> said;
  for (const Progress& progress : heartbeat.running) {
    if (const auto index = cells.find(progress.cell)) said.insert(*index);
  }
  for (const TrainerSlot& slot : workers.at(worker).slots) {
    for (const auto& [index, attempt] : slot.cells()) {
      if (said.count(index) == 0 && cells[index].begun < before) return index;
    }
  }
  return std::nullopt;
}

void check_end(const CellResult& result, const Welcome& welcome) {
  if (welcome.empty_cells) return check_empty_result(result);
  check_result(result, welcome.experiment);
}

void check_message(const ToCoordinator& message, int worker, const CellTable& cells, const WorkerTable& workers,
                   const Welcome& welcome) {
  std::visit(Checks(worker, cells, workers, welcome), message);
}

}  // namespace mtlgrid

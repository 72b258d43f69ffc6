// What is asked of a simulation that is over.
#include <fmt/format.h>

#include "tests/orchestrator/simulation/simulation.h"

namespace mtlgrid::simulation {
namespace {

const char* expected_cause(Nature nature) {
  switch (nature) {
    case Nature::healthy:
      return "";
    case Nature::always_fails:
      return "non-finite loss";
    case Nature::always_crashes:
      return "SIGSEGV";
    case Nature::takes_rank_down:
      return "lost";
  }
  return "";
}

}  // namespace

void Simulation::check_cell(std::size_t cell) {
  const SimulatedCell& truth = grid_[cell];
  const SimulatedStore::CellRow& row = store_.row(cell);
  const std::string name = truth.cell.name();
  int running = 0;
  for (const auto& attempt : row.attempts) running += !attempt.outcome && !attempt.result;
  if (running > 0) violation(fmt::format("{}: {} attempts are left running", name, running));
  if (truth.nature != Nature::healthy) {
    if (row.result_attempt != 0) return violation(fmt::format("{}: done, though it cannot be", name));
    if (!row.failed) return violation(fmt::format("{}: not failed, though it always breaks", name));
    if (row.cause.find(expected_cause(truth.nature)) == std::string::npos) {
      violation(fmt::format("{}: failed with the cause '{}', not '{}'", name, row.cause, expected_cause(truth.nature)));
    }
    return;
  }
  if (row.failed) {
    const bool excused =
        crash_hits_[cell] > settings_.cluster.retries_crash || loss_hits_[cell] > settings_.cluster.retries_lost;
    if (!excused) violation(fmt::format("{}: failed, though nothing is wrong with it: {}", name, row.cause));
  } else if (row.result_attempt == 0) {
    violation(fmt::format("{}: neither done nor failed", name));
  } else if (!store_.has_result(cell, row.result_attempt)) {
    violation(fmt::format("{}: attempt {} counts and has no result", name, row.result_attempt));
  }
}

void Simulation::check_end() {
  for (const std::string& what : store_.violations()) violation(what);
  for (std::size_t cell = 0; cell < grid_.size(); ++cell) check_cell(cell);
  for (const auto& [cell, attempt] : arrived_) {
    if (!store_.has_result(cell, attempt)) {
      violation(fmt::format("{} attempt {}: its result reached the coordinator and is lost", grid_[cell].cell.name(),
                            attempt));
    }
  }
  for (const Disk::Loss& loss : disk_.losses()) {
    if (loss.seconds <= settings_.trainers.most_lost()) continue;
    violation(
        fmt::format("{} attempt {}: {:.0f} s of work were done again, more than {:.0f} s between checkpoints ({})",
                    grid_[loss.cell].cell.name(), loss.attempt, loss.seconds, settings_.trainers.most_lost(),
                    loss.fault.empty() ? "no fault" : loss.fault));
  }
}

}  // namespace mtlgrid::simulation

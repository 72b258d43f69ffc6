#include "orchestrator/scheduler/cell_table.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "orchestrator/durations/cell_durations.h"

namespace mtlgrid {
namespace {

void require_of_cells(bool holds, const std::string& what) {
  if (!holds) throw Error(ErrorKind::fatal, "table of cells: " + what);
}

bool about_equal(double a, double b) { return std::abs(a - b) <= 1e-6 * (1 + std::abs(a) + std::abs(b)); }

}  // namespace

CellTable::CellTable(std::vector<QueuedCell> cells) {
  std::stable_sort(cells.begin(), cells.end(),
                   [](const QueuedCell& a, const QueuedCell& b) { return a.cost > b.cost; });
  cells_.resize(cells.size());
  by_name_.reserve(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    TrackedCell& tracked = cells_[i];
    tracked.cell = std::move(cells[i].cell);
    tracked.cost = cells[i].cost;
    tracked.resume = std::move(cells[i].resume);
    tracked.earlier_attempts = tracked.attempt = cells[i].attempts;
    tracked.faults.losses = cells[i].losses;
    by_name_[tracked.cell.name()] = i;
    queue_.add(tracked.cell, tracked.cost);
    queue_.insert(i);
    counts_.cost_total += tracked.cost;
  }
  counts_.total = counts_.pending = static_cast<int>(cells_.size());
  counts_.slides = !cells_.empty() && cells_.front().cell.is_slide();
}

std::optional<std::size_t> CellTable::find(const Cell& cell) const {
  const auto found = by_name_.find(cell.name());
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

void CellTable::count(const TrackedCell& cell, int by) {
  switch (cell.phase) {
    case CellPhase::queued:
    case CellPhase::resting:
      counts_.pending += by;
      break;
    case CellPhase::running:
      counts_.running += by;
      counts_.cost_done += by * cell.fraction * cell.cost;
      break;
    case CellPhase::done:
      counts_.done += by;
      counts_.cost_done += by * cell.cost;
      break;
    case CellPhase::failed:
      counts_.failed += by;
      counts_.cost_done += by * cell.cost;
      break;
  }
}

void CellTable::set_phase(std::size_t index, CellPhase phase) {
  TrackedCell& cell = cells_[index];
  count(cell, -1);
  cell.phase = phase;
  cell.at = {-1, -1};
  cell.fraction = 0;
  cell.epoch = cell.epochs = 0;
  cell.losses = {};
  count(cell, +1);
  if (phase == CellPhase::queued) {
    queue_.insert(index);
  } else {
    queue_.erase(index);
    moved_.erase(index);
  }
}

void CellTable::start(std::size_t index, SlotAddress at, EventTime now) {
  TrackedCell& cell = cells_[index];
  require_of_cells(cell.phase == CellPhase::queued, cell.cell.name() + " is started though it is not queued");
  set_phase(index, CellPhase::running);
  ++cell.attempt;
  cell.holders.push_back(at.worker);
  cell.at = at;
  cell.begun = cell.since = now.steady;
  cell.begun_wall = now.wall;
  cell.from_scratch = cell.resume.empty();
  cell.resumed = 0;
}

void CellTable::add_resume(std::size_t index, const std::string& folder) {
  std::vector<std::string>& resume = cells_[index].resume;
  resume.insert(resume.begin(), folder);
}

void CellTable::advance(std::size_t index, int epoch, int epochs, const EpochLosses& losses, double steady) {
  TrackedCell& cell = cells_[index];
  cell.epoch = epoch;
  cell.epochs = epochs;
  cell.losses = losses;
  const double fraction = static_cast<double>(epoch) / epochs;
  const double gained = fraction - cell.fraction;
  if (gained <= 0) return;
  counts_.cost_done += gained * cell.cost;
  cell.fraction = fraction;
  cell.since = steady;
}

void CellTable::mark_moved(std::size_t index) {
  require_of_cells(cells_[index].phase == CellPhase::queued,
                   cells_[index].cell.name() + " is moved though it is not queued");
  moved_.insert(index);
}

void CellTable::recost(const CellDurations& durations) {
  counts_.cost_done = counts_.cost_total = 0;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    TrackedCell& cell = cells_[i];
    cell.cost = durations.expected(cell.cell);
    queue_.set_cost(i, cell.cost);
    counts_.cost_total += cell.cost;
    const bool over = cell.phase == CellPhase::done || cell.phase == CellPhase::failed;
    counts_.cost_done += (over ? 1 : cell.fraction) * cell.cost;
  }
}

void CellTable::sanity_check() const {
  CellCounts sum;
  double queued_cost = 0;
  std::size_t in_queue = 0;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const TrackedCell& cell = cells_[i];
    const bool queued = cell.phase == CellPhase::queued, running = cell.phase == CellPhase::running;
    const bool done = cell.phase == CellPhase::done, failed = cell.phase == CellPhase::failed;
    require_of_cells(queued == queue_.contains(i), "a cell is in the queue and not queued, or the reverse");
    require_of_cells(running == (cell.at != SlotAddress{-1, -1}), "a cell runs without a place, or the reverse");
    require_of_cells(running || cell.fraction == 0, "a cell that does not run has progress");
    require_of_cells(cell.attempt >= cell.earlier_attempts + (running ? 1 : 0), "a cell has too few attempts");
    require_of_cells(queued || moved_.count(i) == 0, "a moved cell is not queued");
    in_queue += queued;
    sum.pending += queued || cell.phase == CellPhase::resting;
    sum.running += running;
    sum.done += done;
    sum.failed += failed;
    sum.cost_total += cell.cost;
    sum.cost_done += (done || failed ? 1 : cell.fraction) * cell.cost;
    queued_cost += queued ? cell.cost : 0;
  }
  require_of_cells(by_name_.size() == cells_.size() && counts_.total == static_cast<int>(cells_.size()),
                   "two cells are equal");
  require_of_cells(sum.pending == counts_.pending && sum.running == counts_.running && sum.done == counts_.done &&
                       sum.failed == counts_.failed && queue_.size() == in_queue,
                   "the counts are not those of the cells");
  require_of_cells(about_equal(sum.cost_total, counts_.cost_total) && about_equal(sum.cost_done, counts_.cost_done) &&
                       about_equal(queued_cost, queue_.cost()),
                   "the costs are not those of the cells");
}

}  // namespace mtlgrid

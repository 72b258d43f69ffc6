#include "tests/orchestrator/simulation/simulated_store.h"

#include <fmt/format.h>

#include <algorithm>

namespace mtlgrid::simulation {

SimulatedStore::SimulatedStore(const SimulatedGrid& grid) : grid_(grid), rows_(grid.size()) {}

int SimulatedStore::CellRow::count(Outcome outcome) const {
  return static_cast<int>(std::count_if(attempts.begin(), attempts.end(),
                                        [&](const AttemptRow& a) { return a.outcome == outcome && !a.result; }));
}

SimulatedStore::CellRow& SimulatedStore::touch(std::size_t cell) {
  ++written_;
  before_.try_emplace(cell, rows_[cell]);
  return rows_[cell];
}

SimulatedStore::AttemptRow* SimulatedStore::find(CellRow& row, int attempt) {
  const auto found =
      std::find_if(row.attempts.begin(), row.attempts.end(), [&](const AttemptRow& a) { return a.attempt == attempt; });
  return found == row.attempts.end() ? nullptr : &*found;
}

void SimulatedStore::violation(const Cell& cell, int attempt, const std::string& what) {
  violations_.push_back(fmt::format("{} attempt {}: {}", cell.name(), attempt, what));
}

void SimulatedStore::begin_attempt(const Cell& cell, int attempt, const Environment&, double) {
  CellRow& row = touch(grid_.index(cell));
  if (find(row, attempt) != nullptr) return violation(cell, attempt, "begun twice");
  if (attempt <= row.newest()) violation(cell, attempt, "begun after a later one");
  if (row.result_attempt != 0) violation(cell, attempt, "begun though the cell is done");
  if (row.failed) violation(cell, attempt, "begun though the cell has failed");
  for (const AttemptRow& other : row.attempts) {
    if (!other.outcome && !other.result) violation(cell, attempt, "begun while another attempt runs");
  }
  row.attempts.push_back({attempt, std::nullopt, false, ""});
}

bool SimulatedStore::commit_result(const CellResult& result) {
  CellRow& row = touch(grid_.index(result.cell));
  AttemptRow* attempt = find(row, result.attempt);
  if (attempt == nullptr) {
    violation(result.cell, result.attempt, "a result, though it never began");
    row.attempts.push_back({result.attempt, std::nullopt, false, ""});
    attempt = &row.attempts.back();
  }
  if (attempt->result) violation(result.cell, result.attempt, "a result twice");
  attempt->result = true;
  if (row.result_attempt == 0) {
    row.result_attempt = result.attempt;
    row.failed = false;
  }
  return row.result_attempt == result.attempt;
}

void SimulatedStore::commit_failure(const AttemptFailure& failure) {
  CellRow& row = touch(grid_.index(failure.cell));
  AttemptRow* attempt = find(row, failure.attempt);
  if (attempt == nullptr) return violation(failure.cell, failure.attempt, "a failure, though it never began");
  const bool ended = attempt->result || attempt->outcome;
  if (ended && (attempt->result || !failure.final || row.failed)) return;
  attempt->outcome = failure.outcome;
  attempt->cause = failure.cause;
  if (row.result_attempt != 0 || !failure.final) return;
  row.failed = true;
  row.cause = failure.cause;
}

void SimulatedStore::reopen(const Cell& cell) {
  CellRow& row = touch(grid_.index(cell));
  if (!row.failed) violation(cell, row.newest(), "reopened though the cell has not failed");
  row.failed = false;
}

void SimulatedStore::commit() { before_.clear(); }

void SimulatedStore::lose_turn() {
  for (auto& [cell, row] : before_) rows_[cell] = std::move(row);
  before_.clear();
}

void SimulatedStore::open() {
  for (CellRow& row : rows_) {
    for (AttemptRow& attempt : row.attempts) {
      if (!attempt.outcome && !attempt.result) attempt.outcome = Outcome::interrupted;
    }
  }
}

bool SimulatedStore::has_result(std::size_t cell, int attempt) const {
  const auto& attempts = rows_[cell].attempts;
  return std::any_of(attempts.begin(), attempts.end(),
                     [&](const AttemptRow& a) { return a.attempt == attempt && a.result; });
}

}  // namespace mtlgrid::simulation

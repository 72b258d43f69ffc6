// A ledger in memory that behaves as the store does, dies as it does, and checks what it is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/scheduler/coordinator.h"
#include "tests/orchestrator/simulation/simulated_cells.h"

namespace mtlgrid::simulation {

// What survives the death of rank 0 is what was committed. Rules of rows: docs/store-internals.md.
//
// Everything that a coordinator must not do is noted in `violations`: an attempt begun twice, or with a number that was
// used, or while another one of the cell runs, or of a cell that is done or failed; a result of an attempt that never
// began, or committed twice; a failure of such an attempt.
class SimulatedStore : public Ledger {
 public:
  struct AttemptRow {
    int attempt = 0;
    std::optional<Outcome> outcome;  // none: it runs
    bool result = false;
    std::string cause;
  };
  struct CellRow {
    std::vector<AttemptRow> attempts;
    int result_attempt = 0;
    bool failed = false;
    std::string cause;  // of the failure
    int newest() const { return attempts.empty() ? 0 : attempts.back().attempt; }
    int count(Outcome outcome) const;
  };

  // `grid` must outlive the store.
  explicit SimulatedStore(const SimulatedGrid& grid);

  void begin_attempt(const Cell& cell, int attempt, const Environment& where, double started) override;
  bool commit_result(const CellResult& result) override;
  void commit_failure(const AttemptFailure& failure) override;
  void reopen(const Cell& cell) override;

  void commit();     // what was told since the last time is durable now
  void lose_turn();  // the process died: what was told since then never happened
  void open();       // a new run: attempts that are found running are `interrupted`

  const CellRow& row(std::size_t cell) const { return rows_[cell]; }
  bool has_result(std::size_t cell, int attempt) const;
  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t written() const { return written_; }  // rows, those that were lost included

 private:
  CellRow& touch(std::size_t cell);
  static AttemptRow* find(CellRow& row, int attempt);
  void violation(const Cell& cell, int attempt, const std::string& what);

  const SimulatedGrid& grid_;
  std::vector<CellRow> rows_;
  std::unordered_map<std::size_t, CellRow> before_;  // rows that this turn changed, as they were
  std::vector<std::string> violations_;
  std::uint64_t written_ = 0;
};

}  // namespace mtlgrid::simulation

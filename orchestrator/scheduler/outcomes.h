// What becomes of a cell when its attempt ends, and of the host where it ended badly: retries, quarantine, failures.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/config/config.h"
#include "orchestrator/scheduler/cell_table.h"
#include "orchestrator/scheduler/ledger.h"
#include "orchestrator/scheduler/quarantine.h"
#include "orchestrator/scheduler/worker_table.h"

namespace mtlgrid {

// How a trainer's or a worker's end is told of.
struct BadEnd {
  std::string cause, detail;
};

class Outcomes {
 public:
  // All that is passed must outlive this object; `say` takes one line for people.
  Outcomes(const ClusterSettings& cluster, CellTable& cells, WorkerTable& workers, Ledger& ledger,
           std::function<void(const std::string&)> say);

  // A worker on `host` has finished the cell's newest attempt, or (`late`) one that had been given up: its result
  // counts if it is the first, and a newer attempt that runs ends by itself.
  void finished(std::size_t index, const std::string& host, bool late);
  // The trainer reported an error of the cell.
  void failed(std::size_t index, const std::string& host, const BadEnd& end, double wall);
  // The device lacked memory for a pack of `size`: a smaller one is tried.
  void too_large(std::size_t index, int size, const BadEnd& end, double wall);
  // The trainer died with a pack of `size`, of which these are its cells whose attempts this ends. A pack does not tell
  // whose fault it was: its cells are retried in packs of half the size until the culprit dies alone. Only that counts
  // as the cell's own crash.
  void crashed(const std::vector<std::size_t>& indices, int size, int worker, const BadEnd& end, double wall);
  // The system kept the trainer from reading a file of the cell: tried again as after a crash, and never failed for
  // good. After `retries_crash` retries the cell rests, and is pending for the next run. Each cause is told once.
  void hindered(std::size_t index, int worker, const BadEnd& end, double wall);
  // Its worker was lost while the cell was in a pack of `size`. `alone`: no other cell ran on that worker; of several
  // nobody knows whose fault it was.
  void lost(std::size_t index, int size, bool alone, const std::string& cause, double wall);
  // Stopped on request: nobody's fault.
  void stopped(std::size_t index, const BadEnd& end, double wall);
  // Fails the cells that took the whole run down again and again before they had trained an epoch. Looks at all cells.
  void refuse_rank_killers(double wall);
  // Quarantined hosts get cells if no other host can.
  void reinstate_one_if_none_is_left();

  // Cells that failed in this run, with their causes.
  const std::vector<std::pair<Cell, std::string>>& failures() const { return failures_; }
  // What a person must fix before the cells that rest can be trained: the first one and its cause; empty if none
  // rests.
  std::string needs_person() const;

  // Throws Error(fatal) unless exactly the quarantined hosts are barred.
  void sanity_check() const;

 private:
  void end_attempt(std::size_t index, Outcome outcome, bool final, const BadEnd& end, double wall);
  void strike(std::size_t index, const std::string& host, bool final);
  void quarantine(const std::string& host);
  void reinstate(const std::string& host, const std::string& why);
  void forget_failure(const Cell& cell);

  const ClusterSettings& cluster_;
  CellTable& cells_;
  WorkerTable& workers_;
  Ledger& ledger_;
  std::function<void(const std::string&)> say_;
  Quarantine quarantine_;
  std::vector<std::pair<Cell, std::string>> failures_;
  std::map<std::size_t, std::string> resting_;          // cause by cell
  std::set<std::pair<std::string, bool>> hindered_by_;  // causes that were told, while they are retried and after
};

}  // namespace mtlgrid

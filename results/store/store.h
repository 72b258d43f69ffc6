// The store: one SQLite file and its journal, written by the coordinator alone; read by anyone through a snapshot.
//
// Layout beside STORE: STORE.journal (append-only, checksummed; the truth), STORE (SQLite, derived from the journal),
// STORE.snapshot (a copy published by rename for readers during a run), STORE.lock (host, pid, epoch of the writer),
// STORE.done (how the last run ended), STORE.d/ (attempts' folders). Formats: docs/store.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "datasets/cohort.h"
#include "results/records/records.h"
#include "results/store/measured.h"

namespace mtlgrid {

class Platform;

// A grid as it is registered: what decides its cells' results, and what the account of patients needs.
struct GridRecord {
  std::string identity;     // hex hash of `settings` and data fingerprints: the same identity is the same grid
  nlohmann::json settings;  // the resolved configuration
  std::vector<Cell> cells;
  struct SplitRow {
    std::string biomarker, auxiliary;
    int fold = 0;
    std::string patient, role;  // train, valid, test
  };
  std::vector<SplitRow> splits;
  struct DropRow {
    std::string biomarker, auxiliary;  // empty where the drop concerns the whole cohort
    Drop drop;
  };
  std::vector<DropRow> drops;
  // A biomarker's cohorts in the configuration's order: the tables' names for `test` and columns for cohorts without
  // any result yet. May be empty: then external cohorts appear with their first result.
  struct CohortRow {
    std::string biomarker, cohort, role;  // train, external
  };
  std::vector<CohortRow> cohorts;
};

enum class CellState { pending, running, done, failed };

// What the store knows of a cell when a run begins.
struct StoredCell {
  Cell cell;
  CellState state = CellState::pending;
  int attempts = 0;        // attempts begun so far
  int result_attempt = 0;  // the one that counts; 0 if none
  std::string cause;       // of the last failure
  int crashed = 0;         // attempts whose trainer died, and whose worker was lost: what the retries are counted by
  int lost = 0;
  int cut_off = 0;  // newest attempts in a row during which their worker was lost or the whole run ended
};

// How an attempt that gave no result ended.
enum class Outcome {
  failed,       // error in the maths: the cell is `failed`
  crashed,      // the trainer died
  lost,         // its worker was lost
  stopped,      // checkpointed on request (walltime, signal)
  interrupted,  // found running at a restart
};

struct AttemptFailure {
  Cell cell;
  int attempt = 0;
  Outcome outcome = Outcome::failed;
  std::string cause, detail;  // one line; everything known (log tail, signal, step)
  bool final = false;         // the cell is `failed` now; otherwise it is `pending` again
  double ended = 0;
};

class Store {
 public:
  // Opens or creates STORE for writing and takes the lock. Applies journal records the database lacks; rebuilds the
  // database from the journal if it is missing or damaged, and cuts a torn tail off the journal; each of these is said
  // through `say`. Throws Error(needs_person) if another live run holds the lock or the disk is full.
  // `stale_after`: seconds a lock of another host must stay unchanged before it is taken over.
  static Store open(const std::filesystem::path& file, const std::function<void(const std::string&)>& say,
                    double stale_after);
  // The same on another platform, which must outlive the store: how tests inject errors and clocks.
  static Store open(Platform& platform, const std::filesystem::path& file,
                    const std::function<void(const std::string&)>& say, double stale_after);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();  // drops an open batch, removes the snapshot and releases the lock

  // Registers the grid, or takes up the one with the same identity (new cells are added to it). Attempts found running
  // become `interrupted`, their cells `pending`. Afterwards all calls below concern this grid.
  void use_grid(const GridRecord& grid);
  std::int64_t grid_id() const;
  std::vector<StoredCell> cells() const;
  std::vector<MeasuredCell> measured() const;  // results/store/measured.h

  // Group several of the calls below into one transaction and one fsync; without it each is its own. Each of the calls
  // either happens or throws and changes nothing. commit_batch keeps all of them or, throwing, none.
  void begin_batch();
  void commit_batch();

  // The attempt runs now. Begun again after it ended without a result, it goes on from its checkpoint (`resumed` counts
  // that). A cell that has a result stays `done`; an attempt that has one is left as it is.
  void begin_attempt(const Cell& cell, int attempt, const Environment& where, double started);
  // Exactly once by (cell, attempt): a repeated commit changes nothing. The first result of a cell counts, a later one
  // is kept and noted, unless `replace`. Returns whether this result counts now.
  bool commit_result(const CellResult& result, bool replace = false);
  void commit_failure(const AttemptFailure& failure);
  // Failed cells go back to pending (`--retry-failed`).
  void reset_failed(const std::vector<Cell>& cells);

  // The writer's number: above that of every run before.
  std::uint64_t epoch() const;
  // Renews the lock; throws Error(needs_person) if another run has taken it.
  void heartbeat();
  // Copies the database for readers if it changed since the last time. Not within a batch.
  void publish_snapshot();
  // Writes STORE.done by rename: `counts`, an object, with status, epoch and time added. Opening the store removes the
  // one of the run before.
  void write_done(int status, const nlohmann::json& counts);
  // The result that counts, for `cell --verify`. Throws InputError if there is none.
  CellResult result_of(const Cell& cell) const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The file a reader should open: STORE.snapshot while a run holds the lock, STORE otherwise.
std::filesystem::path readable_store(const std::filesystem::path& store);

}  // namespace mtlgrid

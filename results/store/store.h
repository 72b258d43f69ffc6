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

#include "results/records/attempt_failure.h"
#include "results/records/grid_record.h"
#include "results/records/measured_cell.h"
#include "results/records/records.h"
#include "results/records/stored_cell.h"

namespace mtlgrid {

class Platform;

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
  std::vector<MeasuredCell> measured() const;  // as read_measured() in results/store/measured.h

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

}  // namespace mtlgrid

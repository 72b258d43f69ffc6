// The store: one SQLite file and its journal, which only the coordinator writes. Readers open copies of the database.
//
// STORE is derived from STORE.journal, which is append-only and checksummed. Files beside STORE:
// results/store/layout.h. Formats: docs/store.md and docs/store-internals.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "results/records/attempt_failure.h"
#include "results/records/grid_record.h"
#include "results/records/measured_cell.h"
#include "results/records/records.h"
#include "results/records/stored_cell.h"

namespace mtlgrid {

class Database;
class Platform;

class Store {
 public:
  // Opens or creates STORE for writing and takes the lock. Adds journal records that the database lacks, rebuilds the
  // database from the journal if it is missing or damaged, and cuts a torn tail off the journal; reports each of these
  // through `say`. Throws Error(needs_person) if another live run holds the lock or the disk is full.
  // `stale_after`: seconds for which the lock of another host must stay unchanged before it is taken over.
  static Store open(const std::filesystem::path& file, const std::function<void(const std::string&)>& say,
                    double stale_after);
  // The same on another platform, which must outlive the store. Tests use it to inject errors and clocks.
  static Store open(Platform& platform, const std::filesystem::path& file,
                    const std::function<void(const std::string&)>& say, double stale_after);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();  // drops an open batch, publishes STORE, removes the snapshot and releases the lock

  // Registers the grid, or continues the one with the same identity and adds new cells to it. Attempts that were still
  // running become `interrupted`, and their cells `pending`. All calls below then concern this grid.
  void use_grid(const GridRecord& grid);
  std::int64_t grid_id() const;
  std::vector<StoredCell> cells() const;
  std::vector<MeasuredCell> measured() const;  // as read_measured() in results/store/measured.h

  // Group several of the calls below into one transaction and one fsync; without a batch each call has its own. Each
  // call either takes effect or throws and changes nothing. commit_batch keeps all of them or, if it throws, none.
  void begin_batch();
  void commit_batch();

  // The attempt runs now. An attempt that begins again after it ended without a result continues from its checkpoint
  // (counted in `resumed`). A cell that has a result stays `done`; an attempt that has a result does not change.
  void begin_attempt(const Cell& cell, int attempt, const Environment& where, double started);
  // Exactly once by (cell, attempt): a repeated commit changes nothing. The first result of a cell counts, and a later
  // one is kept as late, unless `replace`. Returns whether this result counts now.
  bool commit_result(const CellResult& result, bool replace = false);
  void commit_failure(const AttemptFailure& failure);
  // Failed cells go back to pending (`--retry-failed`).
  void reset_failed(const std::vector<Cell>& cells);

  // To read what the store holds; borrowed from it. Not within a batch.
  const Database& database() const;
  // The number of this run, greater than that of every earlier run.
  std::uint64_t epoch() const;
  // Renews the lock; throws Error(needs_person) if another run has taken it.
  void heartbeat();
  // Copies the database to STORE.snapshot and STORE if it changed since the last call. Not within a batch.
  void publish_snapshot();
  // What a person should know, a line each, once: that another program has written to STORE, that STORE lags, or that
  // the journal was put back. None of it holds up anything. nullopt if there is nothing more.
  std::optional<std::string> take_notice();
  // The end of a run, before write_done(): reads the journal again and compares it, and the database with what it
  // gives. A database that differs is replaced by that, which take_notice() says. Then STORE is published for the last
  // time, with its sum, and is on the disk when this returns. Throws Error(needs_person) if the journal was changed
  // (the database is kept) or STORE cannot be replaced (the journal has every result). Cost: as a rebuild. Nothing can
  // be committed afterwards. A store that is destroyed without it publishes too, but nobody hears whether that failed.
  void end_run();
  // Writes STORE.done by rename: `counts`, an object, with status, epoch and time added. Opening the store removes the
  // file of the run before.
  void write_done(int status, const nlohmann::json& counts);
  // The result that counts, for `cell --verify`. Throws InputError if there is none.
  CellResult result_of(const Cell& cell) const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mtlgrid

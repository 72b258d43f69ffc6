#include "results/store/store.h"

#include <sqlite3.h>

#include <map>
#include <optional>
#include <system_error>

#include "base/exit_status.h"
#include "results/store/cell_columns.h"
#include "results/store/journal.h"
#include "results/store/journal_guard.h"
#include "results/store/layout.h"
#include "results/store/measured.h"
#include "results/store/run_end.h"
#include "results/store/schema.h"
#include "results/store/small_file.h"
#include "results/store/store_apply.h"
#include "results/store/store_lock.h"
#include "results/store/store_publish.h"
#include "results/store/store_recovery.h"
#include "results/store/store_result.h"

namespace mtlgrid {

namespace fs = std::filesystem;

// A mutation is applied to the working database inside a transaction, written to the journal and to the disk, then
// committed. So rows that violate the schema never reach the journal, and the database never holds a record that the
// journal lacks. SQLite itself does not wait for the disk: a commit costs one fsync, of the journal. STORE is a copy of
// the working database (store_publish.h): no other program can hold up a commit.
struct Store::Impl {
  Platform& platform;
  fs::path file;
  // Destroyed in the reverse order: the lock is released last.
  StoreLock lock;
  WorkingFile working;
  Database database;
  StorePublisher publisher;
  RecordApplier applier;
  JournalWriter journal;
  std::uint64_t epoch = 0, changes = 0;
  std::optional<std::uint64_t> published;  // value of `changes` at the last snapshot
  std::int64_t grid = 0;
  std::vector<Cell> grid_cells;
  bool batch = false, behind = false;
  bool torn = false;     // the last write to the journal failed, so that what is at its end may be a part of a record
  bool durable = false;  // the open transaction has a record that must not be lost in a power cut
  std::vector<std::string> notices;
  bool ending = false, ended = false;  // end_run() has begun; has succeeded
  std::optional<Database> made_again;  // in place of `database`, at the run's end

  Impl(Platform& p, fs::path f, StoreLock l, RecoveredStore recovered)
      : platform(p),
        file(std::move(f)),
        lock(std::move(l)),
        working(std::move(recovered.working)),
        database(std::move(recovered.database)),
        publisher(p, file),
        applier(database),
        journal(platform, store_path(file, StoreFile::journal), recovered.journal),
        epoch(next_epoch(recovered.journal.epoch, lock.previous_epoch())) {
    lock.set_epoch(epoch);
    add_new_methods(database);
    mark_in_use(database, platform.machine());
  }

  ~Impl() {
    roll_back();
    try {
      lock.check();
      if (!ended) publish_last();
      fs::remove(store_path(file, StoreFile::snapshot));
    } catch (const std::exception&) {
      // Another run holds the store and its snapshot now, so this one must not touch them; or STORE cannot be written:
      // without a sum the next run makes it from the journal, as after a kill.
    }
  }

  // What the journal gives, if it was found at the run's end that the database does not.
  Database& truth() { return made_again ? *made_again : database; }

  void publish_last() {
    mark_unused(truth());
    publisher.finish(truth());
  }

  // publish_last(), where a failure is for a person.
  void end() {
    try {
      publish_last();
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::needs_person) throw;
      throw Error(ErrorKind::needs_person, std::string(e.what()) + "; all results of this run are in " +
                                               store_path(file.filename(), StoreFile::journal).string() +
                                               ". Let it be replaced, then run again: nothing is trained twice");
    }
    ended = true;
  }

  void begin() {
    if (ending) throw Error(ErrorKind::fatal, "store: nothing can be committed after the run's end");
    if (behind) {
      throw Error(ErrorKind::needs_person, file.string() +
                                               ": a commit failed after its record was written to the journal; "
                                               "end this run, the next run applies the record");
    }
    lock.check();  // for an early, clear message; the check in commit() is the decisive one
    database.execute("BEGIN IMMEDIATE");
  }

  void roll_back() noexcept {
    journal.discard();
    batch = durable = false;
    database.roll_back();
  }

  void guard() {
    guard_journal(platform, journal, file, epoch, [this](const std::string& line) { notices.push_back(line); });
  }

  // Checks the lock, which proves that no later epoch exists, and the journal.
  void commit() {
    try {
      if (journal.waiting() > 0) {
        lock.check();
        if (!torn) guard();
        torn = true;
      }
      journal.write(durable);
      torn = false;
    } catch (...) {
      roll_back();
      throw;
    }
    try {
      database.execute("COMMIT");
    } catch (...) {
      behind = true;
      roll_back();
      throw;
    }
    batch = durable = false;
    ++changes;
  }

  RecordApplier::Effect apply_one(const StoreRecord& record) {
    database.execute("SAVEPOINT record");
    try {
      const RecordApplier::Effect effect = applier.apply(record);
      if (effect.changed) applier.mark(journal.add(epoch, encode(record)));
      // Losing the record that an attempt began costs nothing: its cell is pending again after a power cut.
      durable = durable || (effect.changed && !std::holds_alternative<AttemptBegun>(record));
      database.execute("RELEASE record");
      return effect;
    } catch (...) {
      // SQLite ends the whole transaction by itself if the disk is full: then the batch is lost, and the caller is
      // told.
      if (!database.in_transaction()) {
        roll_back();
        throw;
      }
      sqlite3_exec(database.handle(), "ROLLBACK TO record; RELEASE record", nullptr, nullptr, nullptr);
      throw;
    }
  }

  RecordApplier::Effect write(const StoreRecord& record) {
    if (batch) return apply_one(record);
    begin();
    RecordApplier::Effect effect;
    try {
      effect = apply_one(record);
    } catch (...) {
      roll_back();
      throw;
    }
    commit();
    return effect;
  }

  std::int64_t current_grid() const {
    if (grid == 0) throw Error(ErrorKind::fatal, "store: use_grid() comes before anything that concerns cells");
    return grid;
  }
};

namespace {

// Batch scripts decide by STORE.done alone, since the exit status of mpirun tells nothing: a refusal is written to it
// too.
RecoveredStore recover_or_tell(Platform& platform, const fs::path& file,
                               const std::function<void(const std::string&)>& say, StoreLock& lock) {
  constexpr double kBeatSeconds = 1;  // between renewals; far below any time after which a lock is stale
  double last_beat = platform.steady();
  const auto keep_lock = [&] {
    if (platform.steady() - last_beat < kBeatSeconds) return lock.check();
    last_beat = platform.steady();
    lock.renew();
  };
  try {
    RecoveredStore recovered = recover_store(platform, file, say, keep_lock);
    lock.check();  // the journal is cut to its last whole record next
    return recovered;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::needs_person && lock.ours()) {  // or it is another run's file by now
      write_done(platform, file, kNeedsPerson, lock.previous_epoch(), {{"cause", e.what()}});
    }
    throw;
  }
}

}  // namespace

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::open(const fs::path& file, const std::function<void(const std::string&)>& say, double stale_after) {
  return open(Platform::real(), file, say, stale_after);
}

Store Store::open(Platform& platform, const fs::path& file, const std::function<void(const std::string&)>& say,
                  double stale_after) {
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  if (error) throw FileError(file.parent_path(), "cannot be created", error.value());
  StoreLock lock = StoreLock::take(platform, store_path(file, StoreFile::lock), stale_after, say);
  remove_small_file(store_path(file, StoreFile::done));
  remove_small_file(store_path(file, StoreFile::progress));  // of a killed run
  RecoveredStore recovered = recover_or_tell(platform, file, say, lock);
  const bool rebuilt = recovered.rebuilt;
  const std::string odd = odd_epoch(recovered.journal.epoch, lock.previous_epoch());
  if (!odd.empty()) say(store_path(file, StoreFile::lock).string() + ": " + odd);
  auto impl = std::make_unique<Impl>(platform, file, std::move(lock), std::move(recovered));
  impl->write(RunOpened{impl->epoch, platform.host(), MTLGRID_VERSION, platform.process(), platform.now()});
  if (rebuilt) impl->publisher.publish_store(impl->database);
  return Store(std::move(impl));
}

void Store::use_grid(const GridRecord& grid) {
  impl_->write(GridRegistered{grid, impl_->platform.now()});
  Statement find = impl_->database.prepare("SELECT grid_id FROM grids WHERE identity = ?");
  find.bind_all(grid.identity);
  find.step();
  impl_->grid = find.integer(0);
  impl_->grid_cells = grid.cells;
}

std::int64_t Store::grid_id() const { return impl_->current_grid(); }

std::vector<StoredCell> Store::cells() const {
  Statement select = impl_->truth().prepare(
      "SELECT " + kCellColumns +
      ", c.state, c.result_attempt, max(a.attempt), "
      "count(*) FILTER (WHERE a.outcome = 'crashed'), count(*) FILTER (WHERE a.outcome = 'lost'), "
      "(SELECT f.cause FROM attempts f WHERE f.cell_id = c.cell_id AND f.outcome NOT IN ('running', 'done') "
      " ORDER BY f.attempt DESC LIMIT 1), "
      "(SELECT count(*) FROM attempts i WHERE i.cell_id = c.cell_id AND i.outcome IN ('lost', 'interrupted') AND "
      " i.attempt > (SELECT coalesce(max(o.attempt), 0) FROM attempts o WHERE o.cell_id = c.cell_id "
      "  AND o.outcome NOT IN ('lost', 'interrupted'))) "
      "FROM cells c LEFT JOIN attempts a ON a.cell_id = c.cell_id WHERE c.grid_id = ? GROUP BY c.cell_id");
  select.bind_all(impl_->current_grid());
  static const std::map<std::string, CellState> kStates = {{"pending", CellState::pending},
                                                           {"running", CellState::running},
                                                           {"done", CellState::done},
                                                           {"failed", CellState::failed}};
  std::map<Cell, StoredCell> found;
  while (select.step()) {
    StoredCell stored;
    stored.cell = cell_at(select);
    stored.state = kStates.at(select.text(5));
    stored.result_attempt = static_cast<int>(select.integer(6));
    stored.attempts = static_cast<int>(select.integer(7));
    stored.crashed = static_cast<int>(select.integer(8));
    stored.lost = static_cast<int>(select.integer(9));
    stored.cause = select.text(10);
    stored.cut_off = static_cast<int>(select.integer(11));
    found.emplace(stored.cell, stored);
  }
  std::vector<StoredCell> cells;
  for (const Cell& cell : impl_->grid_cells) {
    const auto stored = found.find(cell);
    if (stored == found.end()) {
      throw Error(ErrorKind::needs_person, impl_->file.string() + ": lacks the cell " + cell.name() +
                                               " of a grid that it says it holds; `mtlgrid doctor " +
                                               impl_->file.string() + " --rebuild` makes it from the journal");
    }
    cells.push_back(stored->second);
  }
  return cells;
}

std::vector<MeasuredCell> Store::measured() const { return read_measured(impl_->truth(), impl_->current_grid()); }

void Store::begin_batch() {
  if (impl_->batch) throw Error(ErrorKind::fatal, "store: a batch is open already");
  impl_->begin();
  impl_->batch = true;
}

void Store::commit_batch() {
  if (!impl_->batch) throw Error(ErrorKind::fatal, "store: no batch is open");
  impl_->commit();
}

void Store::begin_attempt(const Cell& cell, int attempt, const Environment& where, double started) {
  impl_->write(AttemptBegun{impl_->current_grid(), cell, attempt, where, started});
}

bool Store::commit_result(const CellResult& result, bool replace) {
  return impl_->write(ResultCommitted{impl_->current_grid(), result, replace}).counts;
}

void Store::commit_failure(const AttemptFailure& failure) {
  impl_->write(FailureCommitted{impl_->current_grid(), failure});
}

void Store::reset_failed(const std::vector<Cell>& cells) { impl_->write(FailedReset{impl_->current_grid(), cells}); }

const Database& Store::database() const { return impl_->truth(); }

std::uint64_t Store::epoch() const { return impl_->epoch; }

void Store::heartbeat() { impl_->lock.renew(); }

void Store::publish_snapshot() {
  if (impl_->batch) throw Error(ErrorKind::fatal, "store: a snapshot cannot be published within a batch");
  if (impl_->published == impl_->changes && !impl_->publisher.lags()) return;
  impl_->lock.check();
  impl_->publisher.publish_snapshot(impl_->database);
  impl_->publisher.publish_store(impl_->database);
  impl_->published = impl_->changes;
}

std::optional<std::string> Store::take_notice() {
  if (impl_->notices.empty()) return impl_->publisher.take_notice();
  std::string first = impl_->notices.front();
  impl_->notices.erase(impl_->notices.begin());
  return first;
}

void Store::end_run() {
  Impl& store = *impl_;
  if (store.batch) throw Error(ErrorKind::fatal, "store: a batch is open at the run's end");
  store.ending = true;
  store.lock.check();
  store.guard();
  store.made_again = compare_at_end(store.file, store.database, store.journal,
                                    [&](const std::string& line) { store.notices.push_back(line); });
  store.publisher.publish_snapshot(store.truth());  // what is left for people if STORE cannot be replaced
  store.end();
}

void Store::write_done(int status, const nlohmann::json& counts) {
  impl_->lock.check();
  mtlgrid::write_done(impl_->platform, impl_->file, status, impl_->epoch, counts);
}

CellResult Store::result_of(const Cell& cell) const { return read_result(impl_->truth(), impl_->current_grid(), cell); }

}  // namespace mtlgrid

#include "results/store/store_recovery.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <random>

#include "results/store/layout.h"
#include "results/store/schema.h"
#include "results/store/store_apply.h"
#include "results/store/store_sum.h"

namespace mtlgrid {

namespace fs = std::filesystem;
using Say = std::function<void(const std::string&)>;

namespace {

// Records applied in one transaction while catching up: bounds memory and what a kill costs (guessed).
constexpr int kRecordsPerTransaction = 64;
// Two embeddings of 384 float32 fill a page of 4 KiB badly; five fit 8 KiB.
constexpr const char* kPageSize = "PRAGMA page_size = 8192";

// What recovery finds in place of the database.
struct DatabaseState {
  enum class Kind { missing, foreign, damaged, older, unsynced, good } kind = Kind::missing;
  std::uint64_t sequence = 0;  // last record applied, good databases only
  std::uint64_t journal = 0;   // id of the journal it was made from
  std::string what;            // what is wrong with it
};

std::uint64_t meta_number(Database& database, const std::string& key) {
  return static_cast<std::uint64_t>(database.integer("SELECT value FROM meta WHERE key = '" + key + "'").value_or(0));
}

DatabaseState inspect_open(Database& database, const std::string& machine) {
  DatabaseState state;
  if (!database.integer("SELECT 1 FROM sqlite_schema WHERE name = 'meta'")) {
    const bool empty = !database.integer("SELECT 1 FROM sqlite_schema");
    state.kind = empty ? DatabaseState::Kind::missing : DatabaseState::Kind::foreign;
    return state;
  }
  const auto version = static_cast<std::int64_t>(meta_number(database, "schema_version"));
  if (version > kSchemaVersion) {
    throw Error(ErrorKind::needs_person, "the store has schema version " + std::to_string(version) +
                                             ", newer than this program's " + std::to_string(kSchemaVersion) +
                                             ": use the version of mtlgrid that wrote it");
  }
  if (version < kSchemaVersion) {
    state.kind = DatabaseState::Kind::older;
    state.what = "has schema version " + std::to_string(version) + " instead of " + std::to_string(kSchemaVersion);
    return state;
  }
  const std::string in_use_on = database.text("SELECT value FROM meta WHERE key = 'in_use_on'").value_or("");
  const bool synced = in_use_on.empty() || in_use_on == machine;  // a killed process loses nothing, a machine does
  state.kind = synced ? DatabaseState::Kind::good : DatabaseState::Kind::unsynced;
  state.sequence = meta_number(database, "sequence");
  state.journal = meta_number(database, "journal");
  return state;
}

DatabaseState inspect(const fs::path& store, const std::string& machine) {
  if (!fs::exists(store) || fs::file_size(store) == 0) return {};
  try {
    Database database(store, Database::Mode::read_write);
    return inspect_open(database, machine);
  } catch (const SqliteError& e) {
    // SQLITE_ERROR: a table or column that every store has is missing.
    if (!e.damaged() && (e.code() & 0xff) != SQLITE_ERROR) throw;
    return {DatabaseState::Kind::damaged, 0, 0, "is damaged (" + e.text() + ")"};
  }
}

// Applies the records after the database's last one, many in a transaction, and calls `alive` between transactions.
class CatchUp {
 public:
  CatchUp(Database& database, const std::function<void()>& alive)
      : database_(database), alive_(alive), applier_(database), sequence_(meta_number(database, "sequence")) {}

  void visit(const JournalRecord& record) {
    if (record.sequence <= sequence_) return;
    if (in_transaction_ == 0) database_.execute("BEGIN IMMEDIATE");
    applier_.apply(decode(record.payload));
    sequence_ = record.sequence;
    ++applied_;
    if (++in_transaction_ == kRecordsPerTransaction) finish();
  }

  void finish() {
    if (in_transaction_ == 0) return;
    applier_.mark(sequence_);
    database_.execute("COMMIT");
    in_transaction_ = 0;
    alive_();
  }

  int applied() const { return applied_; }

 private:
  Database& database_;
  const std::function<void()>& alive_;
  RecordApplier applier_;
  std::uint64_t sequence_;
  int in_transaction_ = 0, applied_ = 0;
};

void create_empty(Database& database, std::uint64_t journal_id) {
  Transaction transaction(database);
  create_schema(database);
  Statement add = database.prepare("INSERT INTO meta VALUES ('journal', ?)");
  add.bind_all(static_cast<std::int64_t>(journal_id)).run();
  transaction.commit();
}

// Removes a file at the end of the scope, unless it was renamed.
struct RemovedAtEnd {
  fs::path file;
  ~RemovedAtEnd() {
    std::error_code ignored;
    fs::remove(file, ignored);
  }
};

// Rebuilds STORE from the journal, under another name until it is whole and on the disk.
void rebuild(Platform& platform, const fs::path& store, const fs::path& journal, std::uint64_t id, const Say& say,
             const std::function<void()>& alive) {
  const fs::path fresh = store_path(store, StoreFile::rebuild);
  fs::remove(fresh);
  fs::remove(rollback_journal(fresh));
  const RemovedAtEnd removed{fresh};
  int applied = 0;
  {
    Database database(fresh, Database::Mode::create);
    // Nobody reads this file before it is whole, so it needs neither a rollback journal nor waiting for the disk.
    database.execute(std::string(kPageSize) + "; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
    create_empty(database, id);
    CatchUp catch_up(database, alive);
    read_journal(journal, [&](const JournalRecord& record) { catch_up.visit(record); });
    catch_up.finish();
    applied = catch_up.applied();
  }
  const auto failed = [&] { return FileError(store, "cannot be rebuilt from the journal", errno); };
  const FileDescriptor file(::open(fresh.c_str(), O_RDWR | O_CLOEXEC));
  if (!file || platform.fsync(file.get()) != 0) throw failed();
  alive();
  fs::remove(rollback_journal(store));  // of the replaced database: SQLite must not play it back on the new one
  if (platform.rename(fresh.c_str(), store.c_str()) != 0) throw failed();
  sync_folder(platform, store.parent_path());
  if (applied > 0) say(store.string() + ": rebuilt from the journal, " + std::to_string(applied) + " records");
}

// Moves the database and its rollback journal aside, so that neither is taken for a part of the new database.
void move_aside(Platform& platform, const fs::path& store, const std::string& what, const Say& say) {
  const fs::path aside = unused_store_path(store, StoreFile::damaged);
  const fs::path hot = rollback_journal(store);
  if (fs::exists(hot) && platform.rename(hot.c_str(), rollback_journal(aside).c_str()) != 0) {
    throw FileError(hot, "cannot be moved aside", errno);
  }
  if (platform.rename(store.c_str(), aside.c_str()) != 0) throw FileError(store, "cannot be moved aside", errno);
  say(store.string() + ": " + what + "; moved to " + aside.filename().string() + " and rebuilt from the journal");
}

void keep_rest_aside(const fs::path& store, const fs::path& journal, const JournalEnd& end, const Say& say) {
  const fs::path aside = unused_store_path(store, StoreFile::damaged_journal);
  std::ifstream in(journal, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(end.end));
  std::ofstream out(aside, std::ios::binary);
  out << in.rdbuf();
  out.close();
  if (!in || !out) throw Error(ErrorKind::needs_person, aside.string() + ": cannot be written (disk full?)");
  say(journal.string() + ": the record at byte " + std::to_string(end.end) + " is damaged; the " +
      std::to_string(end.size - end.end) + " bytes from there on contain whole records; they are kept in " +
      aside.filename().string() + " and not used, so their cells are trained again");
}

// How far the journal can be read; applies nothing. id 0 if the journal does not exist.
JournalEnd look_at(const fs::path& journal, const std::function<void()>& alive) {
  if (!fs::exists(journal)) return {};
  return read_journal(journal, [&](const JournalRecord& record) {
    if (record.sequence % kRecordsPerTransaction == 0) alive();
  });
}

JournalEnd create_journal(Platform& platform, const fs::path& journal) {
  fs::remove(journal);  // a journal that was cut off within its header never held a record
  std::random_device random;
  const std::uint64_t id = (std::uint64_t{random()} << 31 ^ random()) | 1;  // fits SQLite's signed integers
  JournalWriter::create(platform, journal, id);
  return look_at(journal, [] {});
}

// The one rule for all ways in which the journal can hold fewer records than the database.
void refuse_newer_database(const fs::path& store, const fs::path& journal, const DatabaseState& state,
                           const JournalEnd& end) {
  using Kind = DatabaseState::Kind;
  if (state.kind != Kind::good && state.kind != Kind::unsynced) return;
  // After a power cut the journal may lack the database's last records. None of them is a result.
  if (state.kind == Kind::unsynced && state.journal == end.id && end.kind != JournalEnd::Kind::damaged) return;
  if (state.sequence <= end.sequence && (state.journal == end.id || state.sequence == 0)) return;
  std::string found = "ends at record " + std::to_string(end.sequence);
  if (!fs::exists(journal)) found = "is missing";
  if (end.id != 0 && end.id != state.journal) found = "belongs to another store";
  if (end.kind == JournalEnd::Kind::damaged)
    found = "is damaged at byte " + std::to_string(end.end) + ", after record " + std::to_string(end.sequence);
  throw Error(ErrorKind::needs_person, journal.string() + ": " + found + ", but " + store.filename().string() +
                                           " holds everything up to record " + std::to_string(state.sequence) +
                                           ". Nothing was changed. Restore the journal from a copy; or, to "
                                           "continue with the content of the journal and train the rest again, move " +
                                           store.filename().string() +
                                           " elsewhere and run again (keep it: `tables` and `query` still read it)");
}

void say_journal(const fs::path& journal, const JournalEnd& end, const Say& say) {
  if (end.kind == JournalEnd::Kind::torn) {
    say(journal.string() + ": its last write was cut off; removed the " + std::to_string(end.size - end.end) +
        " bytes after record " + std::to_string(end.sequence));
  }
  if (end.fenced > 0) {
    say(journal.string() + ": " + std::to_string(end.fenced) + " records of a run that had lost its lock were skipped");
  }
}

Database open_for_writing(const fs::path& store) {
  Database database(store, Database::Mode::read_write);
  // TRUNCATE is the rollback journal that costs no directory operation a commit. 64 MiB of cache hold the index pages
  // of a grid.
  database.execute("PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536");
  // A commit waits for readers of STORE itself, but not so long that the lock looks stale to other runs.
  database.execute("PRAGMA busy_timeout = 20000");
  return database;
}

// Without a journal no database can be rebuilt.
void refuse_without_journal(const fs::path& store, const DatabaseState& state) {
  using Kind = DatabaseState::Kind;
  if (state.kind == Kind::foreign) {
    throw InputError(store.string() + ": a database, but not an mtlgrid store; choose another path");
  }
  if (state.kind != Kind::damaged && state.kind != Kind::older) return;
  throw Error(ErrorKind::needs_person,
              store.string() + ": " + state.what + "; the journal to rebuild it from is missing: restore " +
                  store_path(store.filename(), StoreFile::journal).string() + " from a copy, or choose another store");
}

Database caught_up(const fs::path& store, const fs::path& journal, const DatabaseState& state, const JournalEnd& end,
                   const Say& say, const std::function<void()>& alive) {
  Database database = open_for_writing(store);
  if (state.sequence == end.sequence) return database;
  CatchUp catch_up(database, alive);
  read_journal(journal, [&](const JournalRecord& record) { catch_up.visit(record); });
  catch_up.finish();
  say(store.string() + ": applied " + std::to_string(catch_up.applied()) + " records it lacked");
  return database;
}

}  // namespace

RecoveredStore recover_store(Platform& platform, const fs::path& store, const Say& say,
                             const std::function<void()>& alive) {
  using Kind = DatabaseState::Kind;
  const fs::path journal = store_path(store, StoreFile::journal);
  const SumState sum = check_sum(store);
  DatabaseState state = inspect(store, platform.machine());
  JournalEnd end = look_at(journal, alive);
  if (end.id == 0) refuse_without_journal(store, state);
  refuse_newer_database(store, journal, state, end);
  if (sum == SumState::wrong && (state.kind == Kind::good || state.kind == Kind::unsynced)) {
    state.kind = Kind::damaged;
    state.what = "its bytes differ from those that the last run left";
  }
  alive();
  remove_sum(store);  // from here on it changes
  if (end.id == 0) end = create_journal(platform, journal);
  say_journal(journal, end, say);
  if (end.kind == JournalEnd::Kind::damaged) keep_rest_aside(store, journal, end, say);
  if (sum == SumState::right && state.kind == Kind::good && state.journal == end.id) {
    return {caught_up(store, journal, state, end, say, alive), end};
  }
  if (state.kind == Kind::foreign) state.what = "not an mtlgrid store";
  // The bytes that a killed run left cannot be verified, so they are not kept; nor is a database without any record.
  if (state.kind == Kind::unsynced) {
    say(store.string() + ": was in use when its machine went down, or by another machine; rebuilt from the journal");
  } else if (state.kind == Kind::good && state.sequence > 0) {
    say(store.string() + ": its sum is missing, as after a kill; rebuilt from the journal");
  } else if (state.kind == Kind::damaged || state.kind == Kind::older || state.kind == Kind::foreign) {
    move_aside(platform, store, state.what, say);
  }
  rebuild(platform, store, journal, end.id, say, alive);
  return {open_for_writing(store), end};
}

void mark_in_use(Database& database, const std::string& machine) {
  Statement note = database.prepare("INSERT INTO meta VALUES ('in_use_on', ?1) ON CONFLICT DO UPDATE SET value = ?1");
  note.bind_all(machine).run();  // the last commit with synchronous = FULL
  database.execute("PRAGMA synchronous = OFF");
}

void mark_unused(Platform& platform, Database& database, const fs::path& store) {
  {  // closed before SQLite locks the file again: closing drops the locks that this process has on it
    FileDescriptor file(::open(store.c_str(), O_RDWR | O_CLOEXEC));
    if (!file || platform.fsync(file.get()) != 0) throw FileError(store, "cannot be synchronised", errno);
  }
  database.execute("PRAGMA synchronous = FULL; DELETE FROM meta WHERE key = 'in_use_on'");
}

}  // namespace mtlgrid

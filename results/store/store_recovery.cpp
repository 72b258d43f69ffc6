#include "results/store/store_recovery.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

#include "results/store/layout.h"
#include "results/store/schema.h"
#include "results/store/store_apply.h"
#include "results/store/store_contents.h"
#include "results/store/store_open.h"
#include "results/store/store_publish.h"
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
    // Runs replace the file as a whole, so it can be read without its locks; only an earlier version's run may have
    // been killed within a commit, and then the journal is ahead in any case.
    Database database(database_file(store), Database::Mode::immutable);
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

void create_empty(Database& database) {
  Transaction transaction(database);
  create_schema(database);
  transaction.commit();
}

// Moves the database aside with what SQLite keeps beside it, so that nothing is taken for a part of the new database.
void move_aside(Platform& platform, const fs::path& store, const std::string& what, const Say& say) {
  const fs::path place = database_file(store), aside = unused_store_path(store, StoreFile::damaged);
  for (const auto& companion : {rollback_journal, write_ahead_log}) {
    const fs::path from = companion(place);
    if (fs::exists(from) && platform.rename(from.c_str(), companion(aside).c_str()) != 0) {
      throw FileError(from, "cannot be moved aside", errno);
    }
  }
  if (platform.rename(place.c_str(), aside.c_str()) != 0) throw FileError(store, "cannot be moved aside", errno);
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

// No other program has this file, and no later run uses it: a commit waits neither for a reader nor for the disk.
Database open_for_writing(const fs::path& working) {
  Database database(working, Database::Mode::read_write);
  // 64 MiB of cache hold the index pages of a grid.
  database.execute(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; "
      "PRAGMA cache_size = -65536");
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

Database caught_up(const fs::path& store, const fs::path& working, const DatabaseState& state, const JournalEnd& end,
                   const Say& say, const std::function<void()>& alive) {
  Database database = open_for_writing(working);
  if (state.sequence == end.sequence) return database;
  CatchUp catch_up(database, alive);
  read_journal(store_path(store, StoreFile::journal), [&](const JournalRecord& record) { catch_up.visit(record); });
  catch_up.finish();
  say(store.string() + ": applied " + std::to_string(catch_up.applied()) + " records it lacked");
  return database;
}

// Copies STORE to `working`, byte by byte: no lock that another program holds on it matters. Whether the copy is what
// the last run left; if not it is emptied.
SumState copy_if_right(const fs::path& store, const fs::path& working) {
  if (!fs::exists(store) || !fs::exists(store_path(store, StoreFile::sum))) return SumState::missing;
  std::error_code error;
  if (!fs::copy_file(database_file(store), working, fs::copy_options::overwrite_existing, error)) {
    throw FileError(working, "cannot be written", error.value());
  }
  const SumState sum = check_sum(store, working);
  if (sum != SumState::right) fs::resize_file(working, 0);
  return sum;
}

// The database has other bytes than the last run left. If its contents are the same, only what another program added is
// lost; then that is said, and nothing is damaged.
void judge_other_bytes(const fs::path& store, DatabaseState& state) {
  using Kind = DatabaseState::Kind;
  if (state.kind != Kind::good && state.kind != Kind::unsynced) return;
  state.kind = Kind::damaged;
  state.what = "its bytes differ from those that the last run left";
  try {
    const Database database = open_distrusted(store, false);
    const auto left = summed_contents(store);
    if (!left) return;
    const std::string other = first_difference(*left, contents_of(database));
    if (!other.empty()) {
      state.what += " (" + other + " was changed)";
      return;
    }
    const std::vector<std::string> parts = foreign_parts(database);
    state.what = "another program wrote to it; the results are unchanged";
    if (!parts.empty()) state.what += ", but there is " + enumerated(parts);
  } catch (const SqliteError&) {
    // Locked or unreadable: its bytes differ, and that is all that is known.
  }
}

}  // namespace

WorkingFile::WorkingFile(fs::path file) : file_(std::move(file)) {
  fs::remove(file_);  // of a run that was killed
  const FileDescriptor made(::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));  // 0644: as SQLite
  struct stat facts = {};
  if (!made || ::fstat(made.get(), &facts) != 0) throw FileError(file_, "cannot be created", errno);
  inode_ = facts.st_ino;
}

WorkingFile::~WorkingFile() {
  struct stat facts = {};
  if (file_.empty() || ::stat(file_.c_str(), &facts) != 0 || facts.st_ino != inode_) return;
  std::error_code ignored;
  fs::remove(file_, ignored);
}

RecoveredStore recover_store(Platform& platform, const fs::path& store, const Say& say,
                             const std::function<void()>& alive, Rebuild rebuild) {
  using Kind = DatabaseState::Kind;
  if (fs::is_directory(store)) throw InputError(store.string() + ": is a folder; name a file in it as the store");
  if (fs::exists(store) && ::access(store.c_str(), W_OK) != 0) {
    throw Error(ErrorKind::needs_person, store.string() + ": may not be written (" + std::strerror(errno) +
                                             "); give yourself the right to, or choose another store");
  }
  const fs::path journal = store_path(store, StoreFile::journal);
  WorkingFile working(store_path(database_file(store), StoreFile::working));
  const bool forced = rebuild == Rebuild::always;
  const SumState sum = forced ? check_sum(store) : copy_if_right(store, working.file());
  DatabaseState state = inspect(sum == SumState::right && !forced ? working.file() : store, platform.machine());
  JournalEnd end = look_at(journal, alive);
  if (end.id == 0) refuse_without_journal(store, state);
  refuse_newer_database(store, journal, state, end);
  if (sum == SumState::wrong) judge_other_bytes(store, state);
  if (forced && (state.kind == Kind::good || state.kind == Kind::unsynced)) {
    state.kind = Kind::damaged;
    state.what = "to be rebuilt";
  }
  alive();
  if (end.id == 0 && forced) throw InputError(journal.string() + ": holds no record. Nothing was changed");
  if (end.id == 0) end = create_journal(platform, journal);
  if (!forced) say_journal(journal, end, say);
  if (!forced && end.kind == JournalEnd::Kind::damaged) keep_rest_aside(store, journal, end, say);
  if (sum == SumState::right && !forced && state.kind == Kind::good && state.journal == end.id) {
    Database database = caught_up(store, working.file(), state, end, say, alive);
    remove_sum(store);  // from here on STORE changes
    return {std::move(working), std::move(database), end, false};
  }
  if (state.kind == Kind::foreign) state.what = "not an mtlgrid store";
  // The bytes that a killed run left cannot be verified, so they are not kept; nor is a database without any record.
  if (state.kind == Kind::unsynced) {
    say(store.string() + ": was in use when its machine went down, or by another machine; rebuilt from the journal");
  } else if (state.kind == Kind::good && state.sequence > 0) {
    say(store.string() + ": its sum is missing, as after a kill; rebuilt from the journal");
  }
  fs::resize_file(working.file(), 0);
  {
    Database database(working.file(), Database::Mode::create);
    build_from_journal(database, journal, alive);
  }
  alive();
  // Only now, when nothing can fail for want of room.
  remove_sum(store);
  if (state.kind == Kind::damaged || state.kind == Kind::older || state.kind == Kind::foreign) {
    move_aside(platform, store, state.what, say);
  }
  if (end.sequence > 0)
    say(store.string() + ": rebuilt from the journal, " + std::to_string(end.sequence) + " records");
  Database database = open_for_writing(working.file());
  return {std::move(working), std::move(database), end, true};
}

JournalEnd build_from_journal(Database& database, const fs::path& journal, const std::function<void()>& alive) {
  // Nobody reads the database before it is whole, so it needs neither a rollback journal nor waiting for the disk.
  database.execute(std::string(kPageSize) + "; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  create_empty(database);
  CatchUp catch_up(database, alive);
  const JournalEnd end = read_journal(journal, [&](const JournalRecord& record) { catch_up.visit(record); });
  catch_up.finish();
  Statement note = database.prepare("INSERT INTO meta VALUES ('journal', ?)");
  note.bind_all(static_cast<std::int64_t>(end.id)).run();
  return end;
}

void mark_in_use(Database& database, const std::string& machine) {
  Statement note = database.prepare("INSERT INTO meta VALUES ('in_use_on', ?1) ON CONFLICT DO UPDATE SET value = ?1");
  note.bind_all(machine).run();
}

void mark_unused(Database& database) { database.execute("DELETE FROM meta WHERE key = 'in_use_on'"); }

}  // namespace mtlgrid

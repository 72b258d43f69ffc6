#include "results/store/store_recovery.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

#include "results/store/impossible.h"
#include "results/store/layout.h"
#include "results/store/schema.h"
#include "results/store/small_file.h"
#include "results/store/store_apply.h"
#include "results/store/store_contents.h"
#include "results/store/store_open.h"
#include "results/store/store_publish.h"
#include "results/store/store_state.h"
#include "results/store/store_sum.h"

namespace mtlgrid {

namespace fs = std::filesystem;
using Say = std::function<void(const std::string&)>;

namespace {

// Records applied in one transaction while catching up: bounds memory and what a kill costs (guessed).
constexpr int kRecordsPerTransaction = 64;
// Two embeddings of 384 float32 fill a page of 4 KiB badly; five fit 8 KiB.
constexpr const char* kPageSize = "PRAGMA page_size = 8192";

// Applies the records after the database's last one, many in a transaction, and calls `alive` between transactions.
class CatchUp {
 public:
  // Stops after record `last`.
  CatchUp(Database& database, const fs::path& journal, const std::function<void()>& alive, std::uint64_t last)
      : database_(database), journal_(journal), alive_(alive), applier_(database), last_(last) {
    point_.sequence = made_from(database).sequence;
  }

  void visit(const JournalRecord& record) {
    if (record.sequence <= point_.sequence || record.sequence > last_) return;
    if (in_transaction_ == 0) database_.execute("BEGIN IMMEDIATE");
    apply(record);
    point_ = {record.sequence, record.chain};
    ++applied_;
    if (++in_transaction_ == kRecordsPerTransaction) finish();
  }

  void finish() {
    if (in_transaction_ == 0) return;
    applier_.mark(point_);
    database_.execute("COMMIT");
    in_transaction_ = 0;
    alive_();
  }

  int applied() const { return applied_; }

 private:
  // A record with a right checksum that no run can have written: whoever made it must say what it is.
  void apply(const JournalRecord& record) {
    const auto refuse = [&](const std::string& why) {
      return Error(ErrorKind::needs_person, journal_.string() + ": record " + std::to_string(record.sequence) +
                                                " is none that a run writes (" + why +
                                                "); restore the journal from a copy");
    };
    try {
      applier_.apply(decode(record.payload));
    } catch (const SqliteError& e) {
      if ((e.code() & 0xff) == SQLITE_CONSTRAINT || (e.code() & 0xff) == SQLITE_TOOBIG) throw refuse(e.text());
      throw;
    } catch (const Error& e) {
      throw refuse(e.what());
    }
  }

  Database& database_;
  const fs::path& journal_;
  const std::function<void()>& alive_;
  RecordApplier applier_;
  std::uint64_t last_;
  JournalPoint point_;
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

// How far the journal can be read, and its chain at the last record of the database; applies nothing. id 0 if the
// journal does not exist.
JournalLook look_at(const fs::path& journal, std::uint64_t sequence, const std::function<void()>& alive) {
  JournalLook look;
  if (!fs::exists(journal)) return look;
  look.end = read_journal(journal, [&](const JournalRecord& record) {
    if (record.sequence == sequence) look.chain = record.chain;
    if (record.sequence % kRecordsPerTransaction == 0) alive();
  });
  return look;
}

JournalEnd create_journal(Platform& platform, const fs::path& journal) {
  remove_small_file(journal);  // a journal that was cut off within its header never held a record
  std::random_device random;
  const std::uint64_t id = (std::uint64_t{random()} << 31 ^ random()) | 1;  // fits SQLite's signed integers
  JournalWriter::create(platform, journal, id);
  return look_at(journal, 0, [] {}).end;
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

// Whether database and journal were continued apart from each other, where their files do not show it: by the chain if
// the bytes are those that the last run left, by the contents otherwise.
void judge_lineage(const fs::path& store, const fs::path& journal, const fs::path& bytes, SumState sum,
                   const JournalLook& look, DatabaseState& state) {
  if (!may_be_apart(state.from, look)) return;
  if (state.kind != DatabaseState::Kind::good && state.kind != DatabaseState::Kind::unsynced) return;
  if (state.from.chain && sum == SumState::right) throw continued_apart(store, journal, state.from.sequence);
  try {
    const Database database(bytes, Database::Mode::immutable);
    const std::string other = difference_from_journal(database, journal, state.from.sequence);
    if (other == "runs") throw continued_apart(store, journal, state.from.sequence);
    if (other.empty() && !state.from.chain) return;
    state.what = "its contents are not what the journal gives (" + (other.empty() ? "meta" : other) + " was changed)";
  } catch (const SqliteError& e) {
    state.what = "is damaged (" + e.text() + ")";
  }
  state.kind = DatabaseState::Kind::damaged;
}

// A sum can be made for anything.
void judge_impossible(const fs::path& working, DatabaseState& state) {
  if (state.kind != DatabaseState::Kind::good) return;
  std::string found;
  try {
    const Database database(working, Database::Mode::immutable);
    found = impossible_contents(database);
    if (found.empty()) found = enumerated(foreign_parts(database));
  } catch (const SqliteError& e) {
    found = "SQLite: " + e.text();
  }
  if (found.empty()) return;
  state.kind = DatabaseState::Kind::damaged;
  state.what = "holds what no run writes (" + found + ")";
}

Database caught_up(const fs::path& store, const fs::path& working, const DatabaseState& state, const JournalEnd& end,
                   const Say& say, const std::function<void()>& alive) {
  Database database = open_for_writing(working);
  if (state.from.sequence == end.sequence) return database;
  const fs::path journal = store_path(store, StoreFile::journal);
  CatchUp catch_up(database, journal, alive, end.sequence);
  read_journal(journal, [&](const JournalRecord& record) { catch_up.visit(record); });
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
  remove_small_file(file_);  // of a run that was killed
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
  if (fs::exists(store) && !fs::is_regular_file(store)) {
    throw InputError(store.string() + ": is a device or pipe, not a store; name another place");
  }
  if (fs::exists(store) && ::access(store.c_str(), W_OK) != 0) {
    throw Error(ErrorKind::needs_person, store.string() + ": may not be written (" + std::strerror(errno) +
                                             "); give yourself the right to, or choose another store");
  }
  const fs::path journal = store_path(store, StoreFile::journal);
  WorkingFile working(store_path(database_file(store), StoreFile::working));
  const bool forced = rebuild == Rebuild::always;
  const SumState sum = forced ? check_sum(store) : copy_if_right(store, working.file());
  DatabaseState state =
      inspect_database(sum == SumState::right && !forced ? working.file() : store, platform.machine());
  const JournalLook look = look_at(journal, state.from.sequence, alive);
  JournalEnd end = look.end;
  if (end.id == 0) refuse_without_journal(store, state);
  refuse_newer_database(store, journal, state, end);
  judge_lineage(store, journal, sum == SumState::right && !forced ? working.file() : store, sum, look, state);
  if (sum == SumState::wrong) judge_other_bytes(store, state);
  if (sum == SumState::right && !forced) judge_impossible(working.file(), state);
  if (forced && (state.kind == Kind::good || state.kind == Kind::unsynced)) {
    state.kind = Kind::damaged;
    state.what = "to be rebuilt";
  }
  alive();
  if (end.id == 0 && forced) throw InputError(journal.string() + ": holds no record. Nothing was changed");
  if (end.id == 0) end = create_journal(platform, journal);
  if (!forced) say_journal(journal, end, say);
  if (!forced && end.kind == JournalEnd::Kind::damaged) keep_rest_aside(store, journal, end, say);
  if (sum == SumState::right && !forced && state.kind == Kind::good && state.from.journal == end.id) {
    Database database = caught_up(store, working.file(), state, end, say, alive);
    remove_sum(store);  // from here on STORE changes
    return {std::move(working), std::move(database), end, false};
  }
  if (state.kind == Kind::foreign) state.what = "not an mtlgrid store";
  // The bytes that a killed run left cannot be verified, so they are not kept; nor is a database without any record.
  if (state.kind == Kind::unsynced) {
    say(store.string() + ": was in use when its machine went down, or by another machine; rebuilt from the journal");
  } else if (state.kind == Kind::good && state.from.sequence > 0) {
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

JournalEnd build_from_journal(Database& database, const fs::path& journal, const std::function<void()>& alive,
                              std::uint64_t last) {
  // Nobody reads the database before it is whole, so it needs neither a rollback journal nor waiting for the disk.
  database.execute(std::string(kPageSize) + "; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  create_empty(database);
  CatchUp catch_up(database, journal, alive, last);
  const JournalEnd end = read_journal(journal, [&](const JournalRecord& record) { catch_up.visit(record); });
  catch_up.finish();
  Statement note = database.prepare("INSERT INTO meta VALUES ('journal', ?)");
  note.bind_all(static_cast<std::int64_t>(end.id)).run();
  return end;
}

std::string difference_from_journal(const Database& database, const fs::path& journal, std::uint64_t last) {
  Database built("", Database::Mode::create);
  build_from_journal(built, journal, [] {}, last);
  const auto comparable = [](StoreContents contents) {
    std::erase_if(contents, [](const TableContents& t) { return t.name == "methods" || t.name == "meta"; });
    std::stable_partition(contents.begin(), contents.end(), [](const TableContents& t) { return t.name == "runs"; });
    return contents;
  };
  return first_difference(comparable(contents_of(built)), comparable(contents_of(database)));
}

void mark_in_use(Database& database, const std::string& machine) {
  Statement note = database.prepare("INSERT INTO meta VALUES ('in_use_on', ?1) ON CONFLICT DO UPDATE SET value = ?1");
  note.bind_all(machine).run();
}

void mark_unused(Database& database) { database.execute("DELETE FROM meta WHERE key = 'in_use_on'"); }

}  // namespace mtlgrid

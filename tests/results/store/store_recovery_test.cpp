// What the next run finds after a kill, a power cut or damage to a file.
#include "results/store/journal.h"
#include "results/store/layout.h"
#include "results/store/reading.h"
#include "results/store/sqlite.h"
#include "results/store/store_records.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StoreRecovery : public StoreTest {
 protected:
  // A store with two results, a failure and a late result; leaves no run open.
  void fill() {
    Store store = open_grid();
    store.begin_attempt(cell(0), 1, environment(), 100);
    store.commit_result(result(cell(0)));
    store.begin_attempt(cell(1), 1, environment(), 100);
    store.commit_failure(failure(cell(1), 1, Outcome::crashed));
    store.commit_result(result(cell(1), 2, 0.125));
    store.commit_result(result(cell(1), 1, 0.375));
    store.commit_failure(failure(cell(2), 1, Outcome::failed, true));
  }
  fs::path path_of(StoreFile file_kind) const { return store_path(file, file_kind); }
  fs::path first_damaged() const { return store_path(file, StoreFile::damaged, 1); }
};

TEST_F(StoreRecovery, MissingDatabaseIsRebuiltEqual) {
  fill();
  const std::string before = dump(file);
  fs::remove(file);
  open();
  EXPECT_TRUE(said_something_like("rebuilt from the journal"));
  EXPECT_EQ(dump(file), before);
}

TEST_F(StoreRecovery, RebuiltDatabaseEqualsLiveOneWithBatchesAndInterruptions) {
  {
    Store store = open_grid();
    store.begin_batch();
    store.begin_attempt(cell(0), 1, environment(), 100);
    store.begin_attempt(cell(1), 1, environment(), 100);
    store.commit_batch();
  }
  fill();
  { open_grid().reset_failed({cell(2)}); }
  const std::string before = dump(file);
  fs::remove(file);
  open();
  EXPECT_EQ(dump(file), before);
}

TEST_F(StoreRecovery, DamagedDatabaseIsMovedAsideAndRebuilt) {
  fill();
  const std::string before = dump(file);
  std::string bytes = read_file(file);
  for (std::size_t i = 8192; i < bytes.size(); i += 64) bytes[i] = '\x5a';
  write_file(file, bytes);
  open();
  EXPECT_TRUE(said_something_like("is damaged"));
  EXPECT_EQ(read_file(first_damaged()), bytes);
  EXPECT_EQ(dump(file), before);
}

// Where SQLite's check sees nothing: a value, an index, free space.
TEST_F(StoreRecovery, ChangedByteAnywhereIsNoticedAndRebuilt) {
  fill();
  const std::string before = dump(file), good = read_file(file), sum = read_file(path_of(StoreFile::sum));
  for (std::size_t part = 0; part < 20; ++part) {
    std::string bytes = good;
    bytes[200 + part * (bytes.size() - 300) / 20] ^= 1;
    write_file(file, bytes);
    write_file(path_of(StoreFile::sum), sum);
    // In free space nothing that is read has changed.
    try {
      open_for_reading(file);
      EXPECT_EQ(dump(file), before) << part;
    } catch (const InputError&) {
      EXPECT_FALSE(read_file(file).empty());
    }
    open();
    EXPECT_TRUE(said_something_like("rebuilt from the journal")) << part;
    EXPECT_EQ(dump(file), before) << part;
  }
}

TEST_F(StoreRecovery, DamagedSumIsNotTrusted) {
  fill();
  const std::string before = dump(file);
  write_file(path_of(StoreFile::sum), "x");
  open();
  EXPECT_TRUE(said_something_like("bytes differ"));
  EXPECT_EQ(dump(file), before);
}

// After a kill nothing tells what the bytes were, so a changed byte is not kept either, wherever it is.
TEST_F(StoreRecovery, ChangedByteAnywhereAfterAKillIsNotKept) {
  fill();
  const std::string before = dump(file), good = read_file(file);
  int told = 0;  // where the byte is not in the schema, which SQLite finds damaged
  for (std::size_t part = 0; part < 20; ++part) {
    std::string bytes = good;
    bytes[200 + part * (bytes.size() - 300) / 20] ^= 1;
    write_file(file, bytes);
    fs::remove(path_of(StoreFile::sum));
    open();
    told += said_something_like("as after a kill") ? 1 : 0;
    EXPECT_EQ(dump(file), before) << part;
  }
  EXPECT_GT(told, 0);
}

// What is read before anything is decided: the names of meta's columns, and how far the database says it is.
TEST_F(StoreRecovery, ChangedColumnNameIsDamage) {
  fill();
  const std::string before = dump(file);
  std::string bytes = read_file(file);
  const std::size_t at = bytes.find("value", bytes.find("CREATE TABLE meta"));
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'w';
  write_file(file, bytes);
  fs::remove(path_of(StoreFile::sum));
  open();
  EXPECT_TRUE(said_something_like("is damaged"));
  EXPECT_EQ(dump(file), before);
}

TEST_F(StoreRecovery, DatabaseThatSaysItHoldsMoreIsLeftToAPerson) {
  fill();
  Database(file, Database::Mode::read_write).execute("UPDATE meta SET value = value + 1000 WHERE key = 'sequence'");
  fs::remove(path_of(StoreFile::sum));
  const std::string bytes = read_file(file);
  try {
    open();
    ADD_FAILURE() << "was opened";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_THAT(e.what(), HasSubstr("Nothing was changed"));
  }
  EXPECT_EQ(read_file(file), bytes);
}

// Another run takes the lock over while this one rebuilds: nothing of the other's is replaced or said.
TEST_F(StoreRecovery, LockThatIsLostDuringARebuildEndsIt) {
  fill();
  fs::remove(path_of(StoreFile::sum));
  fs::remove(path_of(StoreFile::done));
  const std::string bytes = read_file(file), records = read_file(journal());
  write_file(journal(), records + "torn");
  platform.while_looking = [&] {
    if (!fs::exists(path_of(StoreFile::working)) || read_file(lock()) == "another run's") return;
    fs::remove(lock());
    write_file(lock(), "another run's");
  };
  try {
    open();
    ADD_FAILURE() << "was opened";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_THAT(e.what(), HasSubstr("lock is gone"));
  }
  EXPECT_EQ(read_file(file), bytes);
  EXPECT_EQ(read_file(journal()), records + "torn");
  EXPECT_EQ(read_file(lock()), "another run's");
  EXPECT_FALSE(fs::exists(path_of(StoreFile::done)));
  EXPECT_FALSE(fs::exists(path_of(StoreFile::working)));
}

TEST_F(StoreRecovery, FullDiskDuringARebuildLeavesNoHalfDatabase) {
  fill();
  fs::remove(path_of(StoreFile::sum));
  platform.rename_fails_on = "grid.db";
  EXPECT_THROW(open(), Error);
  EXPECT_FALSE(fs::exists(path_of(StoreFile::working)));
  EXPECT_FALSE(fs::exists(temporary_path(path_of(StoreFile::working))));
  platform.rename_fails_on.clear();
  open();
}

TEST_F(StoreRecovery, OtherBytesAndAJournalCutShortNeedAPerson) {
  fill();
  std::string bytes = read_file(file);
  bytes[bytes.size() - 100] ^= 1;
  write_file(file, bytes);
  fs::remove(journal());
  EXPECT_THROW(open(), Error);
  EXPECT_EQ(read_file(file), bytes) << "nothing was changed";
  EXPECT_THAT(read_file(path_of(StoreFile::done)), HasSubstr("\"status\": 5"));
}

TEST_F(StoreRecovery, RunInProgressHasNoSum) {
  fill();
  EXPECT_TRUE(fs::exists(path_of(StoreFile::sum)));
  const Store store = open_grid();
  EXPECT_FALSE(fs::exists(path_of(StoreFile::sum)));
}

TEST_F(StoreRecovery, FileThatIsNotADatabaseIsMovedAsideIfThereIsAJournal) {
  fill();
  write_file(file, std::string(9000, 'x'));
  open();
  EXPECT_TRUE(fs::exists(first_damaged()));
  EXPECT_TRUE(said_something_like("rebuilt"));
}

TEST_F(StoreRecovery, OlderSchemaIsRebuilt) {
  fill();
  const std::string before = dump(file);
  Database(file, Database::Mode::read_write).execute("UPDATE meta SET value = 0 WHERE key = 'schema_version'");
  open();
  EXPECT_TRUE(said_something_like("schema version 0"));
  EXPECT_EQ(dump(file), before);
}

TEST_F(StoreRecovery, NewerSchemaIsLeftAlone) {
  fill();
  Database(file, Database::Mode::read_write).execute("UPDATE meta SET value = 99 WHERE key = 'schema_version'");
  EXPECT_EQ(error_of([&] { open(); }).kind(), ErrorKind::needs_person);
}

TEST_F(StoreRecovery, OtherDatabaseIsNotTouched) {
  Database(file, Database::Mode::create).execute("CREATE TABLE photos (name TEXT)");
  const std::string before = read_file(file);
  EXPECT_EQ(error_of([&] { open(); }).kind(), ErrorKind::bad_input);
  EXPECT_EQ(read_file(file), before);
  EXPECT_FALSE(fs::exists(journal()));
  EXPECT_FALSE(fs::exists(lock()));
}

TEST_F(StoreRecovery, OtherFileIsNotTouched) {
  write_file(file, std::string(5000, 'x'));
  EXPECT_EQ(error_of([&] { open(); }).kind(), ErrorKind::needs_person);
  EXPECT_EQ(read_file(file), std::string(5000, 'x'));
}

TEST_F(StoreRecovery, RecordsTheDatabaseLacksAreApplied) {
  { open_grid(); }
  fs::copy_file(file, beside(file, ".old"));
  fs::copy_file(path_of(StoreFile::sum), beside(file, ".old.sum"));
  fill();
  const std::string before = dump(file);
  fs::rename(beside(file, ".old"), file);  // put back from a copy, sum and all, or a last commit that failed
  fs::rename(beside(file, ".old.sum"), path_of(StoreFile::sum));
  open();
  EXPECT_TRUE(said_something_like("records it lacked"));
  EXPECT_EQ(dump(file), before);
}

// A kill between the journal's write and SQLite's commit; journal_test.cpp walks every byte, this the kinds of them.
TEST_F(StoreRecovery, JournalCutAnywhereInItsLastRecordLosesThatRecordAlone) {
  { open_grid().commit_result(result(cell(0))); }
  const std::string database = read_file(file);
  { open_grid().commit_result(result(cell(1))); }
  const std::string whole = read_file(journal());
  const std::size_t run_record_end = [&] {  // the second run's record and result follow what was kept
    std::vector<std::size_t> ends;
    std::size_t at = kJournalHeader;
    read_journal(journal(), [&](const JournalRecord& r) { ends.push_back(at += kRecordHeader + r.payload.size()); });
    return ends[ends.size() - 2];
  }();
  for (std::size_t bytes = run_record_end; bytes <= whole.size();
       bytes += (bytes - run_record_end < kRecordHeader ? 5 : 97)) {
    const std::size_t cut = std::min(bytes, whole.size() - 1);
    write_file(file, database);
    write_file(journal(), whole.substr(0, cut));
    Store store = open_grid();
    ASSERT_EQ(stored(store, cell(0)).state, CellState::done) << cut;
    ASSERT_EQ(stored(store, cell(1)).state, CellState::pending) << cut;
    ASSERT_EQ(cut > run_record_end, static_cast<bool>(said_something_like("cut off"))) << cut;
    ASSERT_TRUE(store.commit_result(result(cell(1)))) << cut;
  }
}

TEST_F(StoreRecovery, JournalCutWithinItsHeaderIsReplaced) {
  { open(); }
  const std::string header = read_file(journal()).substr(0, 10);
  fs::remove(file);
  write_file(journal(), header);
  EXPECT_NO_THROW(open_grid().commit_result(result(cell(0))));
}

TEST_F(StoreRecovery, DeletedJournalNeedsAPersonAndNothingChanges) {
  fill();
  const std::string before = read_file(file);
  fs::remove(journal());
  const Error error = error_of([&] { open(); });
  EXPECT_EQ(error.kind(), ErrorKind::needs_person);
  EXPECT_THAT(error.what(), HasSubstr("is missing"));
  EXPECT_EQ(read_file(file), before);
  EXPECT_FALSE(fs::exists(journal()));
}

TEST_F(StoreRecovery, OldCopyOfTheJournalNeedsAPerson) {
  { open_grid(); }
  fs::copy_file(journal(), beside(file, ".old"));
  fill();
  fs::rename(beside(file, ".old"), journal());
  EXPECT_THAT(error_of([&] { open(); }).what(), HasSubstr("ends at record"));
}

TEST_F(StoreRecovery, AnotherStoresJournalNeedsAPerson) {
  fill();
  const fs::path first = file;
  file = folder / "other.db";
  fill();
  fs::copy_file(journal(), store_path(first, StoreFile::journal), fs::copy_options::overwrite_existing);
  file = first;
  EXPECT_THAT(error_of([&] { open(); }).what(), HasSubstr("belongs to another store"));
}

TEST_F(StoreRecovery, DamageInTheJournalsMiddleNeedsAPersonWhereTheDatabaseHoldsMore) {
  fill();
  std::string bytes = read_file(journal());
  bytes[bytes.size() / 2] ^= 1;
  write_file(journal(), bytes);
  const Error error = error_of([&] { open(); });
  EXPECT_EQ(error.kind(), ErrorKind::needs_person);
  EXPECT_THAT(error.what(), HasSubstr("is damaged at byte"));
  EXPECT_EQ(read_file(journal()), bytes);
}

TEST_F(StoreRecovery, DamageInTheJournalsMiddleStopsThereAndKeepsTheRestAside) {
  fill();
  std::string bytes = read_file(journal());
  const JournalEnd end = [&] {
    std::string damaged = bytes;
    damaged[bytes.size() / 2] ^= 1;
    write_file(journal(), damaged);
    bytes = damaged;
    return read_journal(journal(), [](const JournalRecord&) {});
  }();
  ASSERT_EQ(end.kind, JournalEnd::Kind::damaged);
  fs::remove(file);
  Store store = open_grid();
  EXPECT_TRUE(said_something_like("the record at byte " + std::to_string(end.end) + " is damaged"));
  EXPECT_EQ(read_file(store_path(file, StoreFile::damaged_journal, 1)), bytes.substr(end.end));
  EXPECT_TRUE(store.commit_result(result(cell(2), 7)));
}

TEST_F(StoreRecovery, DatabaseInUseWhenItsMachineWentDownIsRebuilt) {
  std::string in_use;
  {
    Store store = open_grid();
    store.commit_result(result(cell(0)));
    in_use = read_file(file);
  }
  const std::string before = dump(file);
  write_file(file, in_use);
  fs::remove(path_of(StoreFile::sum));
  platform.machine_name = "boot2";
  open();
  EXPECT_TRUE(said_something_like("machine went down"));
  EXPECT_EQ(dump(file), before);
}

TEST_F(StoreRecovery, DatabaseOfAKilledProcessIsRebuilt) {
  std::string in_use;
  {
    Store store = open_grid();
    store.commit_result(result(cell(0)));
    in_use = read_file(file);
  }
  const std::string before = dump(file);
  write_file(file, in_use);
  fs::remove(path_of(StoreFile::sum));
  open();
  EXPECT_THAT(said, ElementsAre(HasSubstr("as after a kill"), HasSubstr("rebuilt from the journal")));
  EXPECT_EQ(dump(file), before);
  EXPECT_FALSE(fs::exists(first_damaged()));
}

// Other runs must not take over the lock of a run that rebuilds a large database.
TEST_F(StoreRecovery, TheLockIsRenewedWhileRecordsAreApplied) {
  {
    Store store = open_grid();
    for (int attempt = 1; attempt <= 200; ++attempt) store.commit_result(result(cell(0), attempt, 0.5));
  }
  fs::remove(file);
  platform.seconds_a_look = 1;
  const Store store = open();
  EXPECT_THAT(read_file(lock()), ContainsRegex("\"beat\":\"0*[1-9]")) << "200 records are several transactions";
}

}  // namespace
}  // namespace mtlgrid::testing

// Other programs at STORE.journal and STORE.working while a run writes them.
#include "results/store/doctor.h"
#include "results/store/journal.h"
#include "results/store/store_sum.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class JournalGuard : public StoreTest {
 protected:
  JournalGuard() : store(open_grid()) {
    store->commit_result(result(cell(0)));
    store->publish_snapshot();
  }
  // What the run commits next.
  void commit(int fold) { store->commit_result(result(cell(fold), 1, 0.125 * fold)); }
  // The run ends; what it told.
  std::string end() {
    store->end_run();
    std::string all;
    while (const auto notice = store->take_notice()) all += *notice + "\n";
    store.reset();
    return all;
  }
  void expect_whole(int done) {
    const Diagnosis found = examine_store(file);
    EXPECT_TRUE(found.healthy) << ::testing::PrintToString(found.lines);
    const Database database(file, Database::Mode::read_only);
    EXPECT_EQ(database.integer("SELECT count(*) FROM cells WHERE state = 'done'"), done);
  }
  // The run cannot go on, and STORE keeps `done` results.
  void expect_refused_with(const std::function<void()>& action, const std::string& what, int done) {
    const Error error = error_of(action);
    EXPECT_EQ(error.kind(), ErrorKind::needs_person);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("grid.db.journal: " + what), HasSubstr("Restore the journal")));
    store.reset();
    const Database database(file, Database::Mode::read_only);
    EXPECT_EQ(database.integer("SELECT count(*) FROM cells WHERE state = 'done'"), done);
    EXPECT_EQ(error_of([&] { open(); }).kind(), ErrorKind::needs_person) << "nor can the next run";
  }
  void change_byte(std::size_t at) {
    std::fstream out(journal(), std::ios::in | std::ios::out | std::ios::binary);
    out.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(out.get() ^ 1);
    out.seekp(static_cast<std::streamoff>(at));
    out.put(byte);
  }
  fs::path aside() const { return store_path(file, StoreFile::damaged_journal, 1); }

  std::optional<Store> store;
};

TEST_F(JournalGuard, UndisturbedRunSaysNothing) {
  commit(1);
  EXPECT_EQ(end(), "");
  expect_whole(2);
}

TEST_F(JournalGuard, RemovedJournalIsPutBack) {
  const std::string before = read_file(journal());
  fs::remove(journal());
  commit(1);
  EXPECT_TRUE(read_file(journal()).starts_with(before));
  commit(2);
  EXPECT_THAT(end(), HasSubstr("removed it; this run had it open and has put it back"));
  expect_whole(3);
}

TEST_F(JournalGuard, JournalRemovedAfterTheLastCommitIsPutBackAtTheEnd) {
  fs::remove(journal());
  EXPECT_THAT(end(), HasSubstr("has put it back"));
  expect_whole(1);
}

TEST_F(JournalGuard, ReplacedJournalIsPutBackAndTheOtherFileKept) {
  const std::string old = read_file(journal());
  commit(1);
  fs::rename(journal(), folder / "mine");
  write_file(journal(), old);  // an older copy of it
  commit(2);
  EXPECT_THAT(end(), HasSubstr("was moved to grid.db.journal.damaged-1"));
  EXPECT_EQ(read_file(aside()), old);
  expect_whole(3);
}

TEST_F(JournalGuard, FolderInItsPlaceIsMovedAside) {
  fs::remove(journal());
  fs::create_directory(journal());
  commit(1);
  end();
  EXPECT_TRUE(fs::is_directory(aside()));
  expect_whole(2);
}

TEST_F(JournalGuard, JournalBehindALinkIsPutBackBehindIt) {
  const fs::path real = folder / "disk.journal";
  fs::rename(journal(), real);
  fs::create_symlink("disk.journal", journal());
  commit(1);
  fs::remove(real);
  commit(2);
  end();
  EXPECT_TRUE(fs::is_symlink(journal()));
  expect_whole(3);
}

TEST_F(JournalGuard, FullDiskWhileItIsPutBackNeedsAPerson) {
  fs::remove(journal());
  platform.room = 100;
  EXPECT_EQ(error_of([&] { commit(1); }).kind(), ErrorKind::needs_person);
  platform.room = -1;
  commit(1);
  end();
  expect_whole(2);
}

TEST_F(JournalGuard, EmptiedJournalEndsTheRun) {
  fs::resize_file(journal(), 0);
  expect_refused_with([&] { commit(1); }, "was cut from", 1);
}

TEST_F(JournalGuard, JournalCutAfterTheLastCommitIsFoundAtTheEnd) {
  commit(1);
  fs::resize_file(journal(), fs::file_size(journal()) - 1);
  expect_refused_with([&] { store->end_run(); }, "was cut from", 2);
}

TEST_F(JournalGuard, JournalThatWasCutAndRemovedEndsTheRun) {
  fs::resize_file(journal(), 100);
  fs::remove(journal());
  expect_refused_with([&] { commit(1); }, "was cut from", 1);
}

TEST_F(JournalGuard, ByteChangedInPlaceIsFoundAtTheEnd) {
  commit(1);
  change_byte(fs::file_size(journal()) / 2);
  expect_refused_with([&] { store->end_run(); }, "was changed at byte", 2);
}

TEST_F(JournalGuard, AppendedBytesAreMovedAside) {
  std::ofstream(journal(), std::ios::binary | std::ios::app) << "JMGC, or so";
  commit(1);
  EXPECT_THAT(end(), HasSubstr("appended 11 bytes to it, which were moved to grid.db.journal.damaged-1"));
  EXPECT_EQ(read_file(aside()), "JMGC, or so");
  expect_whole(2);
}

TEST_F(JournalGuard, GigabytesThatWereAppendedEndTheRun) {
  fs::resize_file(journal(), fs::file_size(journal()) + (std::uintmax_t{8} << 30));
  const Error error = error_of([&] { commit(1); });
  EXPECT_EQ(error.kind(), ErrorKind::needs_person);
  EXPECT_THAT(error.what(), HasSubstr("grid.db.journal: was made 8589934592 bytes longer by another program"));
  EXPECT_FALSE(fs::exists(aside())) << "nothing was copied";
  fs::resize_file(journal(), 100);
}

TEST_F(JournalGuard, LateRecordOfARunThatLostItsLockIsSkipped) {
  const std::uint8_t byte = 'x';
  JournalWriter old(platform, journal(), read_journal(journal(), [](const JournalRecord&) {}));
  old.add(0, {&byte, 1});
  old.write(true);
  commit(1);
  EXPECT_EQ(end(), "");
  EXPECT_EQ(read_journal(journal(), [](const JournalRecord&) {}).fenced, 1u);
  expect_whole(2);
}

// Two stores whose journals are one file.
TEST_F(JournalGuard, RecordsOfAnotherRunEndThisOne) {
  const fs::path mine = file;
  file = folder / "other.db";
  fs::create_symlink("grid.db.journal", journal());
  { open_grid().commit_result(result(cell(1))); }
  const std::string both = read_file(journal());
  const Error error = error_of([&] { commit(2); });
  EXPECT_EQ(error.kind(), ErrorKind::needs_person);
  EXPECT_THAT(error.what(), HasSubstr("another run writes to it"));
  EXPECT_EQ(read_file(journal()), both) << "nobody's record is lost";
}

TEST_F(JournalGuard, ChangedWorkingDatabaseIsMadeAgainFromTheJournal) {
  commit(1);
  const Database& working = store->database();
  const_cast<Database&>(working).execute(
      "UPDATE metrics SET value = 0.999 WHERE metric = 'auroc'; "
      "CREATE TRIGGER t AFTER UPDATE ON cells BEGIN DELETE FROM runs; END");
  EXPECT_THAT(end(), HasSubstr("another program changed the database of this run (metrics"));
  expect_whole(2);
}

TEST_F(JournalGuard, TriggerInTheWorkingDatabaseIsNamedAndLeftOut) {
  const_cast<Database&>(store->database())
      .execute("CREATE TRIGGER t AFTER DELETE ON cells BEGIN DELETE FROM runs; END");
  EXPECT_THAT(end(), HasSubstr("it added trigger t"));
  expect_whole(1);
}

}  // namespace
}  // namespace mtlgrid::testing

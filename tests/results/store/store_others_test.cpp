// Other programs at the same file, during a run and after it.
#include <sys/stat.h>

#include "results/store/store_sum.h"
#include "tests/results/store/other_program.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class StoreOthers : public StoreTest {
 protected:
  // What a run commits, published after every step; `meanwhile` happens between the first two.
  void run(const std::function<void()>& meanwhile = [] {}) {
    Store store = open_grid();
    store.publish_snapshot();
    meanwhile();
    for (int fold = 0; fold < 3; ++fold) {
      store.begin_attempt(cell(fold), 1, environment(), 100);
      store.commit_result(result(cell(fold), 1, 0.125 * fold));
      store.publish_snapshot();
      if (const auto said_now = store.take_notice()) notices.push_back(*said_now);
    }
  }
  // A store as a run leaves it that nobody disturbed.
  std::string undisturbed() {
    const fs::path kept = file;
    file = folder / "undisturbed.db";
    run();
    const std::string all = dump(file);
    file = kept;
    return all;
  }
  // The store is what the run left, and nothing that SQLite would take for a part of it is beside it.
  void expect_as_if_nobody_had_been_there() {
    EXPECT_EQ(check_sum(file), SumState::right);
    for (const fs::path& companion : {rollback_journal(file), write_ahead_log(file), write_ahead_index(file)}) {
      EXPECT_FALSE(fs::exists(companion)) << companion;
    }
    EXPECT_FALSE(fs::exists(store_path(file, StoreFile::working)));
    EXPECT_EQ(dump(file), undisturbed());
    EXPECT_EQ(read_file(file)[18], 1) << "no WAL";
    EXPECT_EQ(platform.slept, 0) << "nothing was waited for";
  }
  void with(const std::string& sql) { Database(file, Database::Mode::read_write).execute(sql); }
  std::string refusal() {
    return error_of([&] { open_for_reading(file); }).what();
  }

  std::vector<std::string> notices;
};

TEST_F(StoreOthers, PausedReaderHoldsUpNothingAndKeepsWhatItReads) {
  std::optional<OtherProgram> reader;
  run([&] {
    reader.emplace(file, "BEGIN; SELECT count(*) FROM cells",
                   "CREATE TEMP TABLE t (n CHECK (n = 0)); "
                   "INSERT INTO t SELECT count(*) FROM cells WHERE state = 'done'");
  });
  expect_as_if_nobody_had_been_there();
  EXPECT_TRUE(notices.empty());
  EXPECT_TRUE(reader->let_go()) << "it still reads the state at which it began";
  expect_as_if_nobody_had_been_there();
}

TEST_F(StoreOthers, OpenWriteTransactionHoldsUpNothingAndLeavesNothing) {
  std::optional<OtherProgram> writer;
  run([&] {
    writer.emplace(file, "BEGIN IMMEDIATE; UPDATE cells SET state = 'failed'; CREATE VIEW mine AS SELECT 1", "COMMIT");
  });
  ASSERT_EQ(notices.size(), 1u) << "said once";
  EXPECT_THAT(notices[0], AllOf(HasSubstr("process " + std::to_string(writer->process())),
                                HasSubstr("grid.db.snapshot"), HasSubstr("grid.db.journal")));
  expect_as_if_nobody_had_been_there();
  writer->let_go();  // whether SQLite notices that the file is another one or not
  expect_as_if_nobody_had_been_there();
}

TEST_F(StoreOthers, ExclusiveLockFromBeforeTheRunIsNotWaitedFor) {
  run();
  const OtherProgram other(file, "BEGIN EXCLUSIVE; UPDATE cells SET state = 'failed', result_attempt = NULL", "COMMIT");
  EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 3);
  { open_grid().commit_result(result(cell(0, "baseline"))); }
  EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 4);
}

TEST_F(StoreOthers, VacuumAndWalDuringTheRunLeaveNothing) {
  std::optional<OtherProgram> tool;
  run([&] {
    tool.emplace(file, "VACUUM; PRAGMA journal_mode = WAL; CREATE TABLE notes (n); ANALYZE; BEGIN; SELECT * FROM cells",
                 "COMMIT; INSERT INTO notes VALUES (1); PRAGMA wal_checkpoint(TRUNCATE)");
  });
  EXPECT_EQ(notices.size(), 1u);
  expect_as_if_nobody_had_been_there();
  tool->let_go();
  expect_as_if_nobody_had_been_there();
}

TEST_F(StoreOthers, CommittedChangesDuringTheRunAreNotItsOwn) {
  run([&] {
    OtherProgram(file,
                 "CREATE TRIGGER t AFTER UPDATE ON cells BEGIN DELETE FROM runs; END; "
                 "UPDATE cells SET state = 'failed'")
        .let_go();
  });
  EXPECT_EQ(notices.size(), 1u);
  expect_as_if_nobody_had_been_there();
}

TEST_F(StoreOthers, StoreThatCannotBeReplacedAtTheEndIsForAPerson) {
  {
    Store store = open_grid();
    store.commit_result(result(cell(0)));
    platform.rename_fails_on = "grid.db";
    platform.rename_error = EBUSY;
    store.publish_snapshot();
    const Error error = error_of([&] { store.end_run(); });
    EXPECT_EQ(error.kind(), ErrorKind::needs_person);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("grid.db: cannot be published: "),
                                    HasSubstr("all results of this run are in grid.db.journal. Let it be replaced")));
    EXPECT_TRUE(fs::exists(store_path(file, StoreFile::snapshot)));
  }
  platform.rename_fails_on.clear();
  Store store = open_grid();
  EXPECT_EQ(store.database().integer("SELECT count(*) FROM cells WHERE state = 'done'"), 1);
  store.end_run();
  EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 1);
  EXPECT_THROW(store.commit_result(result(cell(1))), Error) << "after the end";
}

TEST_F(StoreOthers, LinkThatIsRemovedDuringTheRunIsAFileAfterwards) {
  const fs::path target = folder / "elsewhere.db";
  fs::create_symlink(target, file);
  {
    Store store = open_grid();
    store.commit_result(result(cell(0)));
    fs::remove(file);
    store.end_run();
  }
  EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 1);
}

TEST_F(StoreOthers, LinkThatLeadsElsewhereIsForAPerson) {
  fs::create_symlink(folder / "elsewhere.db", file);
  Store store = open_grid();
  store.commit_result(result(cell(0)));
  fs::remove(file);
  write_file(folder / "precious", "kept");
  fs::create_symlink(folder / "precious", file);
  const Error error = error_of([&] { store.end_run(); });
  EXPECT_EQ(error.kind(), ErrorKind::needs_person);
  EXPECT_THAT(error.what(), HasSubstr("leads elsewhere since; put it back"));
  EXPECT_EQ(read_file(folder / "precious"), "kept");
}

// As on file systems that do not replace a file which is open.
TEST_F(StoreOthers, StoreThatCannotBeReplacedLagsAndCatchesUp) {
  {
    Store store = open_grid();
    platform.rename_fails_on = "grid.db";
    platform.rename_error = EBUSY;
    store.commit_result(result(cell(0)));
    store.publish_snapshot();
    EXPECT_THAT(store.take_notice().value_or(""), AllOf(HasSubstr("it lags"), HasSubstr("grid.db.snapshot")));
    store.commit_result(result(cell(1)));
    store.publish_snapshot();
    EXPECT_EQ(store.take_notice(), std::nullopt) << "said once";
    const fs::path snapshot = store_path(file, StoreFile::snapshot);
    EXPECT_EQ(open_for_reading(snapshot).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 2);
    platform.rename_fails_on.clear();
    store.publish_snapshot();
    EXPECT_EQ(Database(file, Database::Mode::read_only).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 2);
    platform.rename_fails_on = "grid.db";
  }
  EXPECT_FALSE(fs::exists(store_path(file, StoreFile::sum))) << "the last copy failed, so the next run rebuilds it";
  platform.rename_fails_on.clear();
  EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 2);
}

TEST_F(StoreOthers, LinkToTheStoreStaysALink) {
  fs::create_directory(folder / "disk");
  fs::create_symlink("disk/real.db", file);
  run();
  EXPECT_TRUE(fs::is_symlink(file));
  EXPECT_TRUE(fs::is_regular_file(folder / "disk/real.db"));
  EXPECT_EQ(dump(file), undisturbed());
  run();
  EXPECT_TRUE(fs::is_symlink(file));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "disk"), {}), 1);
}

TEST_F(StoreOthers, StoreThatItsOwnerKeptToHimselfStaysSo) {
  run();
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  run();
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(StoreOthers, ReadersGoOnWhereContentsAreTheSameAndNameWhatIsForeign) {
  run();
  with(
      "CREATE VIEW mine AS SELECT * FROM cells; CREATE TABLE notes (n PRIMARY KEY); CREATE INDEX fast ON cells (fold); "
      "CREATE TRIGGER t AFTER DELETE ON cells BEGIN DELETE FROM runs; END; ANALYZE; PRAGMA journal_mode = WAL; VACUUM");
  EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 3);
  EXPECT_THAT(foreign_notice(file).value_or(""),
              AllOf(HasSubstr("view mine"), HasSubstr("table notes"), HasSubstr("index fast"), HasSubstr("trigger t"),
                    HasSubstr("more"), Not(HasSubstr("autoindex"))));
}

TEST_F(StoreOthers, NothingIsSaidOfAStoreAsTheRunLeftIt) {
  run();
  EXPECT_EQ(foreign_notice(file), std::nullopt);
}

TEST_F(StoreOthers, VacuumAloneLeavesTheContents) {
  run();
  with("DELETE FROM meta WHERE key = 'nothing'; VACUUM; PRAGMA journal_mode = WAL");
  EXPECT_NO_THROW(open_for_reading(file));
  EXPECT_THAT(foreign_notice(file).value_or(""), HasSubstr("left WAL mode"));
}

TEST_F(StoreOthers, ReadersRefuseChangedContentsAndNameThem) {
  for (const auto& [sql, named] : std::vector<std::pair<std::string, std::string>>{
           {"UPDATE metrics SET value = value + 1e-9 WHERE metric = 'auroc'", "its table metrics"},
           {"DELETE FROM splits", "its table splits"},
           {"UPDATE embeddings SET vector = zeroblob(12)", "its table embeddings"},
           {"DROP VIEW table1; CREATE VIEW table1 AS SELECT 1 AS value", "redefined"},
           {"ALTER TABLE cells ADD COLUMN colour TEXT", "redefined"},
           {"DROP TABLE drops", "drops"}}) {
    run();
    with(sql);
    EXPECT_THAT(refusal(), AllOf(HasSubstr(named), HasSubstr("mtlgrid doctor"), HasSubstr("--rebuild"))) << sql;
    EXPECT_EQ(foreign_notice(file), std::nullopt) << sql;
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove(entry.path());
  }
}

TEST_F(StoreOthers, CopyWithoutJournalIsReadOrSaysHowToGoOn) {
  run();
  fs::remove(journal());
  with("CREATE VIEW mine AS SELECT 1");
  EXPECT_NO_THROW(open_for_reading(file));
  with("DELETE FROM splits");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("its table splits"), HasSubstr("copy grid.db.journal"), HasSubstr("remove grid.db.sum")));
  fs::remove(store_path(file, StoreFile::sum));
  EXPECT_NO_THROW(open_for_reading(file));
}

TEST_F(StoreOthers, SumOfAnEarlierVersionIsComparedWithTheJournal) {
  run();
  const fs::path sum = store_path(file, StoreFile::sum);
  const std::string text = read_file(sum);
  write_file(sum, text.substr(0, text.find('\n') + 1));
  EXPECT_EQ(check_sum(file), SumState::right);
  with("CREATE VIEW mine AS SELECT 1");
  EXPECT_NO_THROW(open_for_reading(file));
  EXPECT_THAT(foreign_notice(file).value_or(""), HasSubstr("view mine"));
  with("UPDATE metrics SET n = n + 1");
  EXPECT_THAT(refusal(), HasSubstr("its table metrics"));
  fs::remove(journal());
  EXPECT_THAT(refusal(), AllOf(HasSubstr("earlier version"), HasSubstr("copy grid.db.journal")));
}

TEST_F(StoreOthers, NextRunDropsWhatIsForeignAndSaysWhat) {
  run();
  const std::string before = dump(file);
  with("CREATE VIEW mine AS SELECT * FROM cells");
  { open(); }
  EXPECT_TRUE(said_something_like("the results are unchanged, but there is view mine; moved to grid.db.damaged-1"));
  EXPECT_EQ(dump(file), before);
  EXPECT_EQ(Database(file, Database::Mode::read_only).integer("SELECT 1 FROM sqlite_schema WHERE name = 'mine'"),
            std::nullopt);
}

TEST_F(StoreOthers, FilesOfAKilledProgramBesideAStoreAreNotAppliedToIt) {
  run();
  const std::string whole = dump(file);
  // What another program leaves that is killed within a transaction on the file that the run replaced.
  const fs::path older = folder / "older.db";
  fs::copy_file(file, older);
  {
    const OtherProgram killed(older, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; DELETE FROM splits");
    fs::copy_file(write_ahead_log(older), write_ahead_log(file));
  }
  EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM splits"), 2);
  { open(); }
  EXPECT_FALSE(fs::exists(write_ahead_log(file)));
  EXPECT_EQ(dump(file), whole);
}

}  // namespace
}  // namespace mtlgrid::testing

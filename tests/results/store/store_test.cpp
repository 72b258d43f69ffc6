#include "results/store/store.h"

#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Stores : public StoreTest {};

TEST_F(Stores, ResultComesBackAsItWasCommitted) {
  Store store = open_grid();
  EXPECT_TRUE(store.commit_result(result(cell(0))));
  const nlohmann::json back = store.result_of(cell(0)), sent = result(cell(0));
  EXPECT_EQ(back.dump(), sent.dump());  // dump: NaN equals NaN
}

TEST_F(Stores, RepeatedResultChangesNothing) {
  Store store = open_grid();
  store.commit_result(result(cell(0)));
  store.publish_snapshot();
  const std::string before = dump(file);
  const auto bytes = fs::file_size(journal());
  EXPECT_TRUE(store.commit_result(result(cell(0), 1, 0.5)));
  store.publish_snapshot();
  EXPECT_EQ(dump(file), before);
  EXPECT_EQ(fs::file_size(journal()), bytes);
}

TEST_F(Stores, FirstResultCountsAndLateOneIsKeptAndNoted) {
  Store store = open_grid();
  store.begin_attempt(cell(0), 1, environment(), 100);
  store.commit_failure(failure(cell(0), 1, Outcome::lost));
  store.begin_attempt(cell(0), 2, environment(), 120);
  EXPECT_TRUE(store.commit_result(result(cell(0), 1)));
  EXPECT_EQ(stored(store, cell(0)).state, CellState::done);
  EXPECT_FALSE(store.commit_result(result(cell(0), 2)));
  EXPECT_EQ(stored(store, cell(0)).result_attempt, 1);
  store.publish_snapshot();
  const Database database(file, Database::Mode::read_only);
  EXPECT_EQ(database.text("SELECT cause FROM attempts WHERE attempt = 2"), "late: attempt 1 counts already");
  EXPECT_THAT(*database.text("SELECT detail FROM attempts WHERE attempt = 1"), HasSubstr("counted as lost"));
  EXPECT_EQ(database.integer("SELECT count(*) FROM predictions WHERE attempt = 2"), 4);
}

TEST_F(Stores, ReplacingResultCounts) {
  Store store = open_grid();
  store.commit_result(result(cell(0), 1));
  EXPECT_TRUE(store.commit_result(result(cell(0), 2), true));
  EXPECT_EQ(store.result_of(cell(0)).attempt, 2);
}

TEST_F(Stores, KeptLateResultCanReplaceLater) {
  Store store = open_grid();
  store.commit_result(result(cell(0), 1));
  store.commit_result(result(cell(0), 2));
  EXPECT_TRUE(store.commit_result(result(cell(0), 2), true));
  EXPECT_EQ(store.result_of(cell(0)).attempt, 2);
}

TEST_F(Stores, FailureThatIsNotFinalLeavesCellPending) {
  Store store = open_grid();
  store.begin_attempt(cell(1), 1, environment(), 100);
  EXPECT_EQ(stored(store, cell(1)).state, CellState::running);
  store.commit_failure(failure(cell(1), 1, Outcome::crashed));
  const StoredCell found = stored(store, cell(1));
  EXPECT_EQ(found.state, CellState::pending);
  EXPECT_EQ(found.attempts, 1);
  EXPECT_EQ(found.crashed, 1);
  EXPECT_EQ(found.cause, "signal 9");
}

TEST_F(Stores, FinalFailureIsFailedUntilReset) {
  Store store = open_grid();
  store.begin_attempt(cell(1), 1, environment(), 100);
  store.commit_failure(failure(cell(1), 1, Outcome::failed, true));
  EXPECT_EQ(stored(store, cell(1)).state, CellState::failed);
  store.reset_failed({cell(0), cell(1)});
  EXPECT_EQ(stored(store, cell(1)).state, CellState::pending);
  EXPECT_EQ(stored(store, cell(0)).state, CellState::pending);
}

TEST_F(Stores, LaterNewsOfAnEndedAttemptCanOnlyMakeItFinal) {
  Store store = open_grid();
  store.begin_attempt(cell(1), 1, environment(), 100);
  store.commit_failure(failure(cell(1), 1, Outcome::lost));
  store.commit_failure(failure(cell(1), 1, Outcome::crashed));
  EXPECT_EQ(stored(store, cell(1)).lost, 1);
  store.commit_failure(failure(cell(1), 1, Outcome::lost, true));
  EXPECT_EQ(stored(store, cell(1)).state, CellState::failed);
}

TEST_F(Stores, FailureAfterResultLeavesResult) {
  Store store = open_grid();
  store.commit_result(result(cell(0)));
  store.commit_failure(failure(cell(0), 1, Outcome::lost, true));
  EXPECT_EQ(stored(store, cell(0)).state, CellState::done);
}

TEST_F(Stores, OldAttemptsFailureLeavesCellRunning) {
  Store store = open_grid();
  store.begin_attempt(cell(0), 1, environment(), 100);
  store.begin_attempt(cell(0), 2, environment(), 110);
  store.commit_failure(failure(cell(0), 1, Outcome::lost));
  EXPECT_EQ(stored(store, cell(0)).state, CellState::running);
}

TEST_F(Stores, AttemptBegunAgainIsResumed) {
  Store store = open_grid();
  store.begin_attempt(cell(0), 1, environment(), 100);
  store.commit_failure(failure(cell(0), 1, Outcome::stopped));
  store.begin_attempt(cell(0), 1, environment(), 200);
  EXPECT_EQ(stored(store, cell(0)).state, CellState::running);
  store.publish_snapshot();
  const Database database(file, Database::Mode::read_only);
  EXPECT_EQ(database.integer("SELECT resumed FROM attempts"), 1);
  EXPECT_EQ(database.integer("SELECT started FROM attempts"), 100);
}

TEST_F(Stores, FailureSaysInWhichEpochItsAttemptContinuedAnEarlierOne) {
  Store store = open_grid();
  store.begin_attempt(cell(0), 1, environment(), 100);
  AttemptFailure continued = failure(cell(0), 1, Outcome::crashed);
  continued.resumed = 3;
  store.commit_failure(continued);
  store.publish_snapshot();
  EXPECT_EQ(Database(file, Database::Mode::read_only).integer("SELECT resumed FROM attempts"), 3);
}

TEST_F(Stores, ResultSaysInWhichEpochItsAttemptContinuedAnEarlierOne) {
  Store store = open_grid();
  store.begin_attempt(cell(0), 1, environment(), 100);
  store.commit_failure(failure(cell(0), 1, Outcome::stopped));
  store.begin_attempt(cell(0), 2, environment(), 200);
  CellResult continued = result(cell(0), 2);
  continued.resumed = 2;
  store.commit_result(continued);
  store.commit_result(result(cell(1)));
  store.publish_snapshot();
  const Database database(file, Database::Mode::read_only);
  EXPECT_EQ(database.integer("SELECT resumed FROM attempts WHERE attempt = 2"), 2);
  EXPECT_EQ(database.integer("SELECT max(resumed) FROM attempts WHERE attempt = 1"), 0);
}

TEST_F(Stores, NothingStaysRunningAfterRestart) {
  { open_grid().begin_attempt(cell(0), 1, environment(), 100); }
  Store store = open_grid();
  EXPECT_EQ(stored(store, cell(0)).state, CellState::pending);
  EXPECT_THAT(stored(store, cell(0)).cause, HasSubstr("found running"));
}

TEST_F(Stores, SameIdentityIsTheSameGridAndTakesNewCells) {
  { open_grid().commit_result(result(cell(0))); }
  Store store = open();
  GridRecord more = grid();
  more.cells.push_back(cell(0, "dwa"));
  store.use_grid(more);
  EXPECT_EQ(store.grid_id(), 1);
  EXPECT_EQ(store.cells().size(), 7u);
  EXPECT_EQ(stored(store, cell(0)).state, CellState::done);
}

TEST_F(Stores, RepeatsAreCellsOfTheirOwn) {
  GridRecord repeated = grid();
  Cell again = cell(0);
  again.repeat = 1;
  repeated.cells.push_back(again);
  {
    Store store = open_grid();
    store.commit_result(result(cell(0)));
    store.use_grid(repeated);
    EXPECT_EQ(stored(store, again).state, CellState::pending);
    store.commit_result(result(again, 1, 0.125));
  }
  fs::remove(file);  // made again from the journal
  Store store = open();
  store.use_grid(repeated);
  for (const Cell& c : {cell(0), again}) {
    const nlohmann::json back = store.result_of(c), sent = result(c, 1, c.repeat == 0 ? 0.25 : 0.125);
    EXPECT_EQ(back.dump(), sent.dump());
  }
}

TEST_F(Stores, CellsAreThoseOfTheGridInUse) {
  Store store = open_grid();
  GridRecord fewer = grid();
  fewer.cells.resize(2);
  store.use_grid(fewer);
  EXPECT_EQ(store.cells().size(), 2u);
}

TEST_F(Stores, AnotherIdentityIsAnotherGrid) {
  Store store = open_grid();
  store.commit_result(result(cell(0)));
  store.use_grid(grid("def"));
  EXPECT_EQ(store.grid_id(), 2);
  EXPECT_EQ(stored(store, cell(0)).state, CellState::pending);
}

TEST_F(Stores, RegisteringTheSameGridAgainWritesNoRecord) {
  Store store = open_grid();
  const auto bytes = fs::file_size(journal());
  store.use_grid(grid());
  EXPECT_EQ(fs::file_size(journal()), bytes);
}

TEST_F(Stores, BatchIsKeptWholeOrNotAtAll) {
  {
    Store store = open_grid();
    store.begin_batch();
    store.commit_result(result(cell(0)));
    store.commit_result(result(cell(1)));
    store.commit_batch();
    store.begin_batch();
    store.commit_result(result(cell(2)));
  }
  Store store = open_grid();
  EXPECT_EQ(stored(store, cell(1)).state, CellState::done);
  EXPECT_EQ(stored(store, cell(2)).state, CellState::pending);
  EXPECT_THAT(said, IsEmpty());
}

TEST_F(Stores, RecordThatBreaksTheSchemaLeavesItsBatchWhole) {
  Store store = open_grid();
  CellResult bad = result(cell(1));
  bad.predictions[1].label = 2;
  store.begin_batch();
  store.commit_result(result(cell(0)));
  EXPECT_EQ(error_of([&] { store.commit_result(bad); }).kind(), ErrorKind::fatal);
  store.commit_result(result(cell(2)));
  store.commit_batch();
  EXPECT_EQ(stored(store, cell(0)).state, CellState::done);
  EXPECT_EQ(stored(store, cell(1)).state, CellState::pending);
  EXPECT_EQ(stored(store, cell(2)).state, CellState::done);
}

TEST_F(Stores, UnknownCellIsRefusedBeforeTheJournal) {
  Store store = open_grid();
  const auto bytes = fs::file_size(journal());
  const Error error = error_of([&] { store.begin_attempt(cell(9), 1, environment(), 0); });
  EXPECT_THAT(error.what(), HasSubstr("MSI/LF/naive/9"));
  EXPECT_EQ(fs::file_size(journal()), bytes);
}

TEST_F(Stores, CellWithoutResultIsAnInputError) {
  Store store = open_grid();
  EXPECT_EQ(error_of([&] { store.result_of(cell(0)); }).kind(), ErrorKind::bad_input);
}

TEST_F(Stores, EpochAscendsWithEveryRun) {
  std::uint64_t first = 0;
  { first = open_grid().epoch(); }
  EXPECT_GT(open().epoch(), first);
}

TEST_F(Stores, FilesFollowTheUmask) {
  Store store = open_grid();
  store.publish_snapshot();
  store.write_done(0, {});
  for (const char* suffix : {"", ".journal", ".lock", ".snapshot", ".done"}) {
    EXPECT_EQ(fs::status(beside(file, suffix)).permissions() & fs::perms::group_read, fs::perms::group_read) << suffix;
  }
}

TEST_F(Stores, FolderOfTheStoreIsMade) {
  file = folder / "a" / "b" / "grid.db";
  open_grid();
  EXPECT_TRUE(fs::exists(file));
}

TEST_F(Stores, DoneTellsStatusCountsAndEpochAndGoesWithTheNextRun) {
  {
    Store store = open_grid();
    store.write_done(1, {{"done", 5}, {"failed", 1}});
    const auto done = nlohmann::json::parse(read_file(beside(file, ".done")));
    EXPECT_EQ(done["status"], 1);
    EXPECT_EQ(done["failed"], 1);
    EXPECT_EQ(done["epoch"], store.epoch());
  }
  open();
  EXPECT_FALSE(fs::exists(beside(file, ".done")));
}

TEST_F(Stores, ReadersUseTheSnapshotWhileARunHoldsTheLock) {
  {
    Store store = open_grid();
    EXPECT_EQ(readable_store(file), file);
    store.publish_snapshot();
    store.commit_result(result(cell(0)));
    Database before = open_for_reading(file);
    EXPECT_EQ(before.integer("SELECT count(*) FROM cells WHERE state = 'done'"), 0);
    store.publish_snapshot();
    EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 1);
    EXPECT_EQ(readable_store(file), beside(file, ".snapshot"));
  }
  EXPECT_EQ(readable_store(file), file);
  EXPECT_FALSE(fs::exists(beside(file, ".snapshot")));
}

TEST_F(Stores, SnapshotThatCannotBePublishedLeavesTheOldOne) {
  Store store = open_grid();
  store.publish_snapshot();
  store.commit_result(result(cell(0)));
  platform.rename_fails_on = ".snapshot";
  EXPECT_EQ(error_of([&] { store.publish_snapshot(); }).kind(), ErrorKind::needs_person);
  EXPECT_EQ(open_for_reading(file).integer("SELECT count(*) FROM attempts"), 0);
  EXPECT_FALSE(fs::exists(beside(file, ".snapshot.tmp")));
}

TEST_F(Stores, ReadingSaysWhatIsNoStore) {
  EXPECT_THAT(error_of([&] { open_for_reading(file); }).what(), HasSubstr("store not found"));
  write_file(file, std::string(5000, 'x'));
  EXPECT_EQ(error_of([&] { open_for_reading(file); }).kind(), ErrorKind::bad_input);
}

}  // namespace
}  // namespace mtlgrid::testing

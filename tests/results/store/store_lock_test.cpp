#include "results/store/store_lock.h"

#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::HasSubstr;

class StoreLocks : public StoreTest {
 protected:
  // The lock that a run left behind which never released it.
  void leave_lock(const std::string& host, const std::string& machine, std::int64_t pid, const std::string& start,
                  const std::string& epoch = R"("00000000000000000041")") {
    write_file(lock(), R"({"epoch":)" + epoch + R"(,"beat":"00000000000000000007","host":")" + host + R"(","pid":)" +
                           std::to_string(pid) + R"(,"start":")" + start + R"(","machine":")" + machine +
                           R"(","since":5})" + "\n");
  }
  std::string own_start() { return *platform.process_start(platform.id); }
};

TEST_F(StoreLocks, SecondCoordinatorIsRefusedAndToldTheHolder) {
  Store first = open_grid();
  const Error error = error_of([&] { open(); });
  EXPECT_EQ(error.kind(), ErrorKind::needs_person);
  EXPECT_THAT(error.what(), HasSubstr("host node1, pid " + std::to_string(platform.id)));
  EXPECT_TRUE(first.commit_result(result(cell(0))));
}

TEST_F(StoreLocks, RefusedCoordinatorLeavesDoneAlone) {
  Store first = open_grid();
  first.write_done(0, {});
  EXPECT_THROW(open(), Error);
  EXPECT_TRUE(fs::exists(beside(file, ".done")));
}

TEST_F(StoreLocks, ReleasedLockIsGone) {
  { open(); }
  EXPECT_FALSE(fs::exists(lock()));
}

TEST_F(StoreLocks, DeadProcessOfThisMachineIsTakenOverAtOnce) {
  leave_lock("node1", "boot1", 999999999, "5");  // above Linux's highest process id
  Store store = open();
  EXPECT_EQ(platform.slept, 0);
  EXPECT_EQ(store.epoch(), 42u);
  EXPECT_TRUE(said_something_like("took over"));
}

// Otherwise the numbers of later runs begin at 0 again, and the journal skips their records.
TEST_F(StoreLocks, NonsenseEpochIsNamedAndCostsNoResult) {
  for (const std::string epoch : {R"("18446744073709551615")", R"("9223372036854775807")", R"("-1")", R"("x")", "-1",
                                  "1e30", "null", R"(["\u001b[2J"])", R"("00000000000099999999")"}) {
    const std::uint64_t before = open_grid().epoch();
    leave_lock("node1", "boot1", 999999999, "5", epoch);
    {
      Store store = open_grid();
      EXPECT_EQ(store.epoch(), before + 1) << epoch;
      EXPECT_TRUE(said_something_like("epoch")) << epoch;
      for (const std::string& line : said) EXPECT_EQ(line.find('\x1b'), std::string::npos);
      store.commit_result(result(cell(0)));
    }
    fs::remove(file);
    Store rebuilt = open_grid();
    EXPECT_EQ(stored(rebuilt, cell(0)).state, CellState::done) << epoch;
  }
}

TEST_F(StoreLocks, JournalWithoutAHigherEpochIsRefused) {
  EXPECT_EQ(next_epoch(3, 41), 42u);
  EXPECT_EQ(next_epoch(41, 3), 42u);
  EXPECT_EQ(error_of([] { next_epoch(~std::uint64_t{0}, 0); }).kind(), ErrorKind::needs_person);
}

TEST_F(StoreLocks, LinkInThePlaceOfTheLockIsNamed) {
  for (const char* to : {"nowhere", "grid.db"}) {
    fs::create_symlink(to, lock());
    EXPECT_THAT(error_of([&] { open(); }).what(), HasSubstr("is a link, no lock that a run wrote"));
    fs::remove(lock());
  }
}

TEST_F(StoreLocks, HugeLockIsNotRead) {
  write_file(lock(), std::string(1 << 20, '['));
  EXPECT_THAT(error_of([&] { open(); }).what(), HasSubstr("is 1048576 bytes long"));
}

TEST_F(StoreLocks, ProcessThatGotADeadOnesIdIsNotTheHolder) {
  leave_lock("node1", "boot1", platform.id, "5");
  EXPECT_NO_THROW(open());
  EXPECT_EQ(platform.slept, 0);
}

TEST_F(StoreLocks, LivingProcessIsNotTakenOver) {
  leave_lock("node1", "boot1", platform.id, own_start());
  EXPECT_THROW(open(), Error);
}

TEST_F(StoreLocks, SilentLockOfAnotherHostIsTakenOverAfterTheWait) {
  leave_lock("node2", "boot9", 17, "5");
  Store store = open();
  EXPECT_GE(platform.slept, 25);
  EXPECT_LT(platform.slept, 27);
  EXPECT_EQ(store.epoch(), 42u);
}

TEST_F(StoreLocks, RestartedMachineIsWaitedForToo) {
  leave_lock("node1", "boot0", platform.id, own_start());
  open();
  EXPECT_GE(platform.slept, 25);
}

TEST_F(StoreLocks, BeatingLockOfAnotherHostIsRefused) {
  leave_lock("node2", "boot9", 17, "5");
  platform.while_sleeping = [&] {
    if (platform.slept > 20) leave_lock("node2", "boot9", 18, "5");
  };
  EXPECT_THAT(error_of([&] { open(); }).what(), HasSubstr("has just renewed"));
}

TEST_F(StoreLocks, UnreadableLockIsWatchedLikeAnotherHosts) {
  write_file(lock(), "");
  open();
  EXPECT_GE(platform.slept, 25);
}

TEST_F(StoreLocks, LockThatGoesWhileWatchedIsFree) {
  leave_lock("node2", "boot9", 17, "5");
  platform.while_sleeping = [&] { fs::remove(lock()); };
  open();
  EXPECT_LT(platform.slept, 5);
}

TEST_F(StoreLocks, TakerThatIsFasterIsRefusedTo) {
  leave_lock("node2", "boot9", 17, "5");
  FakePlatform other;
  other.host_name = "node3";
  std::optional<StoreLock> faster;
  platform.while_sleeping = [&] {
    if (platform.slept < 24 || faster) return;
    other.clock = 0;
    faster.emplace(StoreLock::take(other, lock(), 0, [](const std::string&) {}));
  };
  EXPECT_THROW(open(), Error);
  EXPECT_NO_THROW(faster->check());
}

TEST_F(StoreLocks, HeartbeatChangesTheFile) {
  Store store = open();
  const std::string before = read_file(lock());
  store.heartbeat();
  EXPECT_NE(read_file(lock()), before);
  EXPECT_EQ(read_lock(lock())->epoch, store.epoch());
}

TEST_F(StoreLocks, RunThatLostItsLockCommitsNothingMore) {
  Store old = open_grid();
  platform.host_name = "node2";
  platform.machine_name = "boot9";
  Store now = open_grid();  // node1 was silent for too long
  const std::string before = read_file(journal());
  platform.host_name = "node1";
  EXPECT_EQ(error_of([&] { old.heartbeat(); }).kind(), ErrorKind::needs_person);
  EXPECT_THAT(error_of([&] { old.commit_result(result(cell(0))); }).what(), HasSubstr("node2"));
  EXPECT_THROW(old.publish_snapshot(), Error);
  EXPECT_THROW(old.write_done(0, {}), Error);
  EXPECT_EQ(read_file(journal()), before);
  EXPECT_TRUE(now.commit_result(result(cell(0))));
}

TEST_F(StoreLocks, RunThatLostItsLockLeavesTheOthersLockAndSnapshot) {
  std::optional<Store> old = open_grid();
  platform.machine_name = "boot9";
  Store now = open_grid();
  now.publish_snapshot();
  old.reset();
  EXPECT_NO_THROW(now.heartbeat());
  EXPECT_TRUE(fs::exists(beside(file, ".snapshot")));
}

TEST_F(StoreLocks, RemovedLockStopsTheRun) {
  Store store = open_grid();
  fs::remove(lock());
  EXPECT_THAT(error_of([&] { store.commit_result(result(cell(0))); }).what(),
              HasSubstr("another program removed this run's lock"));
}

}  // namespace
}  // namespace mtlgrid::testing

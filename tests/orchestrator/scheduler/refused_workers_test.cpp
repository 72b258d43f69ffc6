// A rank whose messages make no sense loses its worker; the run goes on.
#include "tests/orchestrator/scheduler/fake_grid.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Worker 0 trains cell 0, worker 1 cell 1.
struct TwoWorkers : ::testing::Test {
  TwoWorkers() : grid({2, 1}) {
    grid.join(0);
    grid.join(1);
    grid.tick();
    first = grid.assigned(0);
    second = grid.assigned(1);
    grid.said.clear();
  }
  // Worker 0 says `message`: it is refused for a reason with `why` in it, once, and worker 1 finishes everything.
  void expect_refused(const ToCoordinator& message, const std::string& why) {
    SCOPED_TRACE(why);
    grid.tell(0, message);
    ASSERT_FALSE(grid.said.empty());
    EXPECT_THAT(grid.said.at(0), HasSubstr("worker 0 on host0 is refused: "));
    EXPECT_THAT(grid.said.at(0), HasSubstr(why));
    const std::size_t said = grid.said.size();
    grid.tell(0, message);
    grid.tell(0, Hello{"host0"});
    grid.ready(0);
    EXPECT_EQ(grid.said.size(), said);
    grid.comm.expect(0, "stop");
    grid.finish(1, second);
    grid.work_off(1);
    EXPECT_EQ(grid.comm.waiting(0), 0u) << "it gets no cell";
    EXPECT_EQ(grid.coordinator->counts().done, 2);
    EXPECT_FALSE(grid.coordinator->all_alive());
  }
  CellResult result_of(const Assign& job) const {
    CellResult result;
    result.cell = job.pack.members.at(0).cell;
    result.attempt = job.pack.members.at(0).attempt;
    return result;
  }
  Progress progress_of(const Assign& job) const {
    return {job.pack.members.at(0).cell, job.pack.members.at(0).attempt, 0, 8};
  }
  FakeGrid grid;
  Assign first, second;
};

TEST_F(TwoWorkers, ItsCellsGoBackToTheQueue) {
  grid.coordinator->refuse(0, "it sent bytes that are not MessagePack", grid.now());
  EXPECT_THAT(grid.said, ElementsAre("worker 0 on host0 is refused: it sent bytes that are not MessagePack",
                                     "worker 0 on host0 refused; 1 of its cells go back to the queue"));
  EXPECT_EQ(grid.coordinator->counts().pending, 1);
  grid.coordinator->sanity_check();
}

TEST_F(TwoWorkers, AResultOfAnothersCellIsRefused) {
  expect_refused(CellFinished{0, 0, result_of(second)}, "reports attempt 1 of MSI/LF/naive/1, which it was not given");
  EXPECT_EQ(grid.ledger.results.size(), 2u);
}

TEST_F(TwoWorkers, AnAttemptThatNobodyBeganIsRefused) {
  CellResult result = result_of(first);
  result.attempt = 7;
  expect_refused(CellFinished{0, 0, result}, "which it was not given");
}

TEST_F(TwoWorkers, ACellOfAnotherGridIsRefused) {
  CellResult result = result_of(first);
  result.cell.method = "nobody";
  expect_refused(CellFinished{0, 0, result}, "not of this run");
}

TEST_F(TwoWorkers, APartThatLooksLikeAnotherCellsNameIsRefused) {
  CellResult result = result_of(first);
  result.cell = {"MSI/LF", "naive", "", 0};
  std::string name = first.pack.members.at(0).cell.name();
  result.cell = {name.substr(0, 6), name.substr(7, 5), "", 0};
  expect_refused(CellFinished{0, 0, result}, "not of this run");
}

TEST_F(TwoWorkers, AResultThatCannotBeTrueIsRefused) {
  CellResult result = result_of(first);
  result.metrics.push_back({"test", "nonsense", 1, 1, 1, 0, 0, ""});
  expect_refused(CellFinished{0, 0, result}, "metric 'nonsense'");
}

TEST_F(TwoWorkers, ReportsOfAnotherSlotOrPackAreRefused) {
  const Train& train = first.pack.members.at(0);
  expect_refused(CellFailed{-1, 0, train.cell, train.attempt, "cause", ""}, "a slot is -1");
}

TEST_F(TwoWorkers, AWrongRestOfAPackIsRefused) {
  const Train& train = first.pack.members.at(0);
  expect_refused(CellStopped{0, 1, train.cell, train.attempt}, "1 left of a pack that has 0");
}

TEST_F(TwoWorkers, AStopThatNobodyAskedForIsRefused) {
  const Train& train = first.pack.members.at(0);
  expect_refused(CellStopped{0, 0, train.cell, train.attempt}, "/0, which nobody asked of it");
}

TEST_F(TwoWorkers, ACellThatItDoesNotTrainIsNotWaitedForWithoutEnd) {
  grid.steady += 2000;
  grid.tell(1, Heartbeat{{progress_of(second)}});
  expect_refused(Heartbeat{}, "it does not train " + first.pack.members.at(0).cell.name());
}

TEST_F(TwoWorkers, AByeWithACellDoesNotHoldUpAStop) {
  grid.stop();
  grid.stopped(1, second);
  grid.tell(0, Bye{});
  EXPECT_EQ(grid.coordinator->counts().pending, 2);
  EXPECT_TRUE(grid.coordinator->finished());
}

TEST_F(TwoWorkers, TheCrashOfAnotherPackIsRefused) {
  expect_refused(PackCrashed{0, {}, "killed by signal 9 (SIGKILL)", ""}, "another pack than slot 0 has");
}

TEST_F(TwoWorkers, AHeartbeatOfAnothersCellIsRefused) {
  expect_refused(Heartbeat{{progress_of(second)}}, "which it was not given");
}

TEST_F(TwoWorkers, HugeAndNegativeNumbersAreRefused) {
  Progress progress = progress_of(first);
  progress.epochs = -1;
  expect_refused(Heartbeat{{progress}}, "epochs is -1");
}

TEST_F(TwoWorkers, MoreSlotsThanARankCanHaveAreRefused) {
  expect_refused(Slots{kMostSlots + 1}, "the number of its slots is 4097");
}

TEST_F(TwoWorkers, AMessageThatNobodyKnowsIsRefused) {
  expect_refused(OtherMessage{"nonsense", {{"type", "nonsense"}}}, "unknown type 'nonsense'");
}

TEST_F(TwoWorkers, WithNoOtherWorkerTheRunEndsAndSaysWhy) {
  grid.tell(1, Leaving{});
  grid.tell(1, Bye{});
  grid.tell(0, Slots{-1});
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_THAT(grid.coordinator->stuck(), HasSubstr("worker 0 on host0 is refused"));
}

TEST(RefusedWorkers, OneThatNeverSaidHelloIsToldOfOnce) {
  FakeGrid grid({1});
  grid.coordinator->refuse(3, "it sent bytes that are not MessagePack", grid.now());
  grid.coordinator->refuse(3, "it sent bytes that are not MessagePack", grid.now());
  grid.tell(3, Hello{"host"});
  EXPECT_THAT(grid.said, ElementsAre("worker 3 is refused: it sent bytes that are not MessagePack"));
  EXPECT_EQ(grid.coordinator->counts().workers, 0);
}

TEST(RefusedWorkers, LateReportsAreInOrder) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.tick(1e6);  // its lease has expired
  grid.finish(0, job);
  EXPECT_EQ(grid.coordinator->counts().done, 1);
  EXPECT_TRUE(grid.coordinator->all_alive());
}

}  // namespace
}  // namespace mtlgrid

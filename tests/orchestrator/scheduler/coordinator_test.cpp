#include <gtest/gtest.h>

#include <random>

#include "base/errors.h"
#include "tests/orchestrator/scheduler/fake_grid.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kLease = 120;  // seconds, ClusterSettings' default

TEST(Coordinator, LongestExpectedCellsAreStartedFirst) {
  FakeGrid grid({1, 5, 3});
  grid.join(0);
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    grid.tick();
    const Assign job = grid.assigned(0);
    order.push_back(job.pack.members[0].cell.fold);
    grid.finish(0, job);
  }
  EXPECT_THAT(order, ElementsAre(1, 2, 0));
  EXPECT_TRUE(grid.coordinator->finished());
}

TEST(Coordinator, EverySlotOfEveryWorkerGetsItsOwnCell) {
  FakeGrid grid({1, 1, 1, 1});
  grid.join(0, 2);
  grid.join(1, 1);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 2u);
  EXPECT_EQ(grid.comm.waiting(1), 1u);
  EXPECT_EQ(grid.ledger.begun.size(), 3u);
  EXPECT_EQ(grid.coordinator->counts().running, 3);
}

TEST(Coordinator, NothingIsAssignedBeforeATrainerIsReady) {
  FakeGrid grid({1});
  grid.tell(0, Hello{"host"});
  grid.comm.expect(0, "welcome");
  grid.tell(0, Slots{1});
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  EXPECT_FALSE(grid.coordinator->finished());
}

TEST(Coordinator, AttemptHasItsOwnFolder) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  EXPECT_EQ(job.pack.members[0].directory, "store.d/grid-1/MSI/LF/naive/0/attempt-1");
  EXPECT_TRUE(job.pack.members[0].resume.empty());
}

TEST(Coordinator, ErrorInTheMathsFailsTheCellAtOnceAndOthersGoOn) {
  FakeGrid grid({2, 1});
  grid.join(0);
  grid.tick();
  grid.fail(0, grid.assigned(0), "epoch 3, step 7: non-finite loss of the classification");
  EXPECT_EQ(grid.work_off(0), 1);
  EXPECT_TRUE(grid.coordinator->finished());
  ASSERT_EQ(grid.coordinator->failures().size(), 1u);
  EXPECT_THAT(grid.coordinator->failures()[0].second, HasSubstr("step 7"));
  ASSERT_EQ(grid.ledger.failures.size(), 1u);
  EXPECT_TRUE(grid.ledger.failures[0].final);
}

TEST(Coordinator, CrashedCellGoesOnFromItsCheckpointOnAnotherWorker) {
  FakeGrid grid({1});
  grid.join(0);
  grid.join(1);
  grid.tick();
  grid.crash(0, grid.assigned(0));
  grid.ready(0);
  grid.tick();
  const Assign again = grid.assigned(1);
  EXPECT_EQ(again.pack.members[0].attempt, 2);
  EXPECT_THAT(again.pack.members[0].resume, ElementsAre("store.d/grid-1/MSI/LF/naive/0/attempt-1"));
}

TEST(Coordinator, CrashedCellIsTriedOnTheSameWorkerIfThereIsNoOther) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  grid.crash(0, grid.assigned(0));
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u) << "its trainer is not ready again yet";
  grid.ready(0);
  grid.tick();
  EXPECT_EQ(grid.assigned(0).pack.members[0].attempt, 2);
}

TEST(Coordinator, CellThatAlwaysCrashesFailsAfterItsRetries) {
  ClusterSettings cluster;
  cluster.retries_crash = 2;
  FakeGrid grid({1}, cluster);
  grid.join(0);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    grid.tick();
    const Assign job = grid.assigned(0);
    EXPECT_EQ(job.pack.members[0].attempt, attempt);
    grid.crash(0, job, "killed by signal 11 (SIGSEGV)");
    grid.ready(0);
  }
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().failed, 1);
  EXPECT_FALSE(grid.ledger.failures[1].final);
  EXPECT_TRUE(grid.ledger.failures[2].final);
}

TEST(Coordinator, SilentWorkerLosesItsCellsToOthersAfterTheLease) {
  FakeGrid grid({1});
  grid.join(1);
  grid.join(0);
  grid.tick();
  const int loser = grid.comm.waiting(0) > 0 ? 0 : 1, winner = 1 - loser;
  const Assign job = grid.assigned(loser);
  grid.tick(kLease - 1);
  grid.beat(winner);
  EXPECT_EQ(grid.comm.waiting(winner), 0u) << "the lease still runs";
  grid.tick(2);
  EXPECT_EQ(grid.assigned(winner).pack.members[0].attempt, 2);
  EXPECT_FALSE(grid.coordinator->all_alive());
  ASSERT_EQ(grid.ledger.failures.size(), 1u);
  EXPECT_EQ(grid.ledger.failures[0].outcome, Outcome::lost);
  EXPECT_EQ(grid.ledger.failures[0].attempt, job.pack.members[0].attempt);
}

TEST(Coordinator, HeartbeatsKeepALease) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  const Train train = grid.assigned(0).pack.members[0];
  for (int i = 0; i < 100; ++i) {
    grid.tick(kLease / 2);
    grid.tell(0, Heartbeat{{{train.cell, train.attempt, 0, 8}}});
  }
  EXPECT_TRUE(grid.ledger.failures.empty());
  EXPECT_TRUE(grid.coordinator->all_alive());
}

TEST(Coordinator, LateResultOfALostWorkerCountsIfItIsTheFirst) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.tick(kLease + 1);  // given up; nobody else is there
  EXPECT_EQ(grid.coordinator->counts().pending, 1);
  grid.finish(0, job);
  EXPECT_EQ(grid.coordinator->counts().done, 1);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.work_off(0), 0);
}

TEST(Coordinator, LateResultWhileANewerAttemptRunsCountsAndTheNewerIsKeptAsLate) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  const Assign first = grid.assigned(0);
  grid.tick(kLease + 1);
  grid.join(1);
  grid.tick();
  const Assign second = grid.assigned(1);
  grid.finish(0, first);
  EXPECT_FALSE(grid.coordinator->finished()) << "the newer attempt still runs";
  grid.finish(1, second);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.ledger.counting.at(first.pack.members[0].cell.name()), first.pack.members[0].attempt);
  EXPECT_EQ(grid.ledger.results.size(), 2u);
}

TEST(Coordinator, FailureOfANewerAttemptDoesNotUndoALateResult) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  const Assign first = grid.assigned(0);
  grid.tick(kLease + 1);
  grid.join(1);
  grid.tick();
  const Assign second = grid.assigned(1);
  grid.finish(0, first);
  grid.fail(1, second);
  EXPECT_EQ(grid.coordinator->counts().done, 1);
  EXPECT_EQ(grid.coordinator->counts().failed, 0);
  EXPECT_FALSE(grid.ledger.failures.back().final);
}

TEST(Coordinator, CellThatTakesItsWorkersDownFailsAfterItsRetries) {
  ClusterSettings cluster;
  cluster.retries_lost = 1;
  FakeGrid grid({1}, cluster);
  grid.join(0);
  grid.tick();
  grid.assigned(0);
  grid.tick(kLease + 1);
  grid.join(1);
  grid.tick();
  grid.assigned(1);
  grid.tick(kLease + 1);
  EXPECT_EQ(grid.coordinator->counts().failed, 1);
  EXPECT_TRUE(grid.ledger.failures.back().final);
}

TEST(Coordinator, StopCheckpointsWhatRunsAndStartsNothing) {
  FakeGrid grid({2, 1});
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.stop();
  grid.stop();  // mpirun may deliver a signal twice
  grid.comm.expect(0, "stop");
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  EXPECT_FALSE(grid.coordinator->finished());
  grid.stopped(0, job);
  grid.tick();
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().pending, 2);
  EXPECT_EQ(grid.ledger.failures.back().outcome, Outcome::stopped);
  EXPECT_FALSE(grid.ledger.failures.back().final);
}

TEST(Coordinator, ResultThatArrivesWhileStoppingIsCommitted) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.stop();
  grid.finish(0, job);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().done, 1);
}

TEST(Coordinator, SignalledWorkerGetsNoMoreCells) {
  FakeGrid grid({1, 1});
  grid.join(0);
  grid.join(1);
  grid.tick();
  const Assign job = grid.assigned(1);
  grid.tell(1, Leaving{});
  grid.stopped(1, job);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(1), 0u);
  grid.finish(0, grid.assigned(0));
  EXPECT_EQ(grid.work_off(0), 1);
  EXPECT_TRUE(grid.coordinator->finished());
}

TEST(Coordinator, WorkersWhoseTrainersNeverStartEndTheRunWithTheCause) {
  FakeGrid grid({1});
  grid.tell(0, Hello{"host0"});
  grid.comm.expect(0, "welcome");
  grid.tell(0, Slots{1});
  grid.broken(0);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_THAT(grid.coordinator->stuck(), HasSubstr("exited with status 1"));
}

TEST(Coordinator, ProgressCountsRunningCellsByTheirEpochs) {
  FakeGrid grid({4});
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.tell(0, Heartbeat{{{job.pack.members[0].cell, job.pack.members[0].attempt, 3, 12}}});
  EXPECT_DOUBLE_EQ(grid.coordinator->counts().cost_done, 1);
}

// Whatever happens in whatever order, every cell ends once and the invariants hold.
TEST(Coordinator, RandomFaultsLoseAndDoubleNothing) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](int one_in) { return random() % static_cast<unsigned>(one_in) == 0; };
    ClusterSettings cluster;
    cluster.retries_crash = cluster.retries_lost = 1000;
    FakeGrid grid(std::vector<double>(30, 1), cluster);
    std::map<int, std::vector<Assign>> at_work;
    const int workers = 4;
    for (int w = 0; w < workers; ++w) grid.join(w, 2);
    for (int step = 0; step < 5000 && !grid.coordinator->finished(); ++step) {
      grid.tick(1);
      for (int w = 0; w < workers; ++w) {
        while (grid.comm.waiting(w) > 0) at_work[w].push_back(grid.assigned(w));
        if (chance(300)) {  // falls silent for longer than its lease
          grid.tick(kLease + 1);
          for (int other = 0; other < workers; ++other) {
            if (other != w) grid.beat(other);
          }
        }
        grid.beat(w);
        if (at_work[w].empty() || !chance(3)) continue;
        const Assign job = at_work[w].front();
        at_work[w].erase(at_work[w].begin());
        if (chance(4)) {
          grid.crash(w, job);
          grid.ready(w, job.slot);
        } else {
          grid.finish(w, job);
        }
      }
    }
    ASSERT_TRUE(grid.coordinator->finished()) << "seed " << seed;
    EXPECT_EQ(grid.ledger.counting.size(), 30u) << "seed " << seed;
    EXPECT_EQ(grid.coordinator->counts().done, 30) << "seed " << seed;
  }
}

}  // namespace
}  // namespace mtlgrid

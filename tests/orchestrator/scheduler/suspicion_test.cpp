// Hosts and cells under suspicion: quarantine, and cells that take their workers or the run down with them.
#include <gtest/gtest.h>

#include "orchestrator/scheduler/quarantine.h"
#include "tests/orchestrator/scheduler/fake_grid.h"

namespace mtlgrid {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Worker 1 fails every cell; the others do what they get.
TEST(HostThatFailsEveryCell, GetsNoMoreAndItsCellsAreDoneElsewhere) {
  FakeGrid grid(std::vector<double>(8, 1.0));
  grid.join(0);
  grid.join(1);
  int failed_there = 0;
  for (int turn = 0; turn < 20 && !grid.coordinator->finished(); ++turn) {
    grid.tick();
    if (grid.comm.waiting(1) > 0) {
      grid.fail(1, grid.assigned(1), "no CUDA-capable device");
      ++failed_there;
    }
    if (failed_there >= 3 && grid.comm.waiting(0) > 0) grid.finish(0, grid.assigned(0));
  }
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(failed_there, 3);
  EXPECT_EQ(grid.ledger.reopened.size(), 3u);
  EXPECT_THAT(grid.coordinator->failures(), IsEmpty());
  EXPECT_EQ(grid.coordinator->counts().done, 8);
  EXPECT_THAT(grid.said, Contains(HasSubstr("host1 quarantined after 3 consecutive failures")));
}

TEST(HostThatFailsEveryCell, CellsThatFailElsewhereTooHaveFailedThemselves) {
  FakeGrid grid(std::vector<double>(4, 1.0));
  grid.join(0);
  grid.tick();
  const Assign held = grid.assigned(0);  // host0 is busy, so that host1 gets the others
  grid.join(1);
  for (int i = 0; i < 3; ++i) {
    grid.tick();
    grid.fail(1, grid.assigned(1), "loss is not finite");
  }
  EXPECT_EQ(grid.ledger.reopened.size(), 3u);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(1), 0u);
  grid.finish(0, held);
  grid.tick();
  grid.fail(0, grid.assigned(0), "loss is not finite");  // the first of the three: its own fault
  EXPECT_EQ(grid.coordinator->failures().size(), 1u);
  EXPECT_THAT(grid.said, Contains(HasSubstr("host1 reinstated")));
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(1), 1u);
  grid.fail(1, grid.assigned(1), "loss is not finite");  // tried elsewhere once, and back: final
  EXPECT_EQ(grid.coordinator->failures().size(), 2u);
  EXPECT_EQ(grid.ledger.reopened.size(), 3u) << "no cell is reopened twice";
}

TEST(HostThatFailsEveryCell, IsTheOnlyOne) {
  FakeGrid grid(std::vector<double>(5, 1.0));
  grid.join(0);
  for (int i = 0; i < 5; ++i) {
    grid.tick();
    grid.fail(0, grid.assigned(0));
  }
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->failures().size(), 5u);
  EXPECT_THAT(grid.ledger.reopened, IsEmpty());
}

TEST(HostThatFailsEveryCell, GetsCellsAgainWhenNoOtherIsLeft) {
  FakeGrid grid(std::vector<double>(6, 1.0));
  grid.join(0);
  grid.tick();
  grid.assigned(0);
  grid.join(1);
  for (int i = 0; i < 3; ++i) {
    grid.tick();
    grid.fail(1, grid.assigned(1));
  }
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(1), 0u);
  grid.tell(0, Bye{});
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(1), 1u);
  EXPECT_THAT(grid.said, Contains(HasSubstr("no other host is left")));
}

TEST(HostThatFailsEveryCell, ASuccessInBetweenShowsThatItIsFine) {
  FakeGrid grid(std::vector<double>(8, 1.0));
  grid.join(1);
  grid.tick();
  for (int i = 0; i < 5; ++i) {
    const Assign job = grid.assigned(1);
    if (i == 2) {
      grid.finish(1, job);
    } else {
      grid.fail(1, job);
    }
    if (i == 0) grid.tell(0, Hello{"host0"});
    grid.tick();
  }
  EXPECT_THAT(grid.ledger.reopened, IsEmpty());
}

TEST(Quarantine, CountsDifferentCells) {
  Quarantine quarantine(2);
  EXPECT_FALSE(quarantine.strike("a", 7));
  EXPECT_FALSE(quarantine.strike("a", 7)) << "the same cell again";
  EXPECT_FALSE(quarantine.strike("b", 8));
  EXPECT_TRUE(quarantine.strike("a", 9));
  EXPECT_THAT(quarantine.hold("a"), ElementsAre(7, 9));
  EXPECT_FALSE(quarantine.strike("a", 10)) << "held already";
  EXPECT_EQ(quarantine.take_back(8), std::nullopt);
  EXPECT_EQ(quarantine.take_back(7), std::nullopt) << "two are left";
  EXPECT_EQ(quarantine.take_back(9), "a");
  EXPECT_FALSE(quarantine.holds("a"));
  EXPECT_FALSE(Quarantine(0).strike("a", 1)) << "0: never";
}

TEST(CellThatTakesTheRunDown, IsRefusedAfterTheTriesThatAWorkerMayCost) {
  std::vector<QueuedCell> all = queued_cells(2);
  all[0].losses = 4;
  all[0].attempts = 4;
  FakeGrid grid(std::move(all), {});
  grid.join(0);
  grid.tick();
  ASSERT_EQ(grid.coordinator->failures().size(), 1u);
  EXPECT_THAT(grid.coordinator->failures()[0].second, HasSubstr("4 times in a row"));
  EXPECT_EQ(grid.ledger.failures[0].attempt, 4);
  EXPECT_TRUE(grid.ledger.failures[0].final);
  EXPECT_EQ(fold_of(grid.assigned(0)), 1);
}

TEST(CellThatTakesTheRunDown, GoesToAnotherRankThanTheCoordinators) {
  std::vector<QueuedCell> all = queued_cells(2);
  all[0].losses = 1;
  all[0].cost = 9;
  FakeGrid grid(std::move(all), {});
  grid.join(0);
  grid.join(1);
  grid.tick();
  EXPECT_EQ(fold_of(grid.assigned(0)), 1);
  EXPECT_EQ(fold_of(grid.assigned(1)), 0);
}

// Neither rank is to have it, the coordinator's since the cell lost a worker, the other since its trainer died there.
TEST(CellThatTakesTheRunDown, IsTriedAgainWhereItsTrainerDiedOnTheOnlyOtherRank) {
  std::vector<QueuedCell> all = queued_cells(1);
  all[0].losses = 1;
  FakeGrid grid(std::move(all), {});
  grid.join(0);
  grid.join(1);
  grid.tick();
  grid.crash(1, grid.assigned(1));
  grid.ready(1);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0) + grid.comm.waiting(1), 1u);
}

TEST(CellThatTakesTheRunDown, IsTakenByRankZeroIfThereIsNoOther) {
  std::vector<QueuedCell> all = queued_cells(1);
  all[0].losses = 1;
  FakeGrid grid(std::move(all), {});
  grid.join(0);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 1u);
}

TEST(CellThatTakesTheRunDown, HasAWorkerToItselfBeforeItTellsAndItsNeighboursAreSpared) {
  ClusterSettings cluster;
  cluster.retries_lost = 2;
  FakeGrid grid({1, 1}, cluster);
  const auto lose = [&](int worker) {
    grid.tick(121);
    return grid.comm.waiting(worker);
  };
  for (int worker = 1; worker <= 2; ++worker) {  // both cells on one worker, which is lost
    grid.join(worker, 2);
    grid.tick();
    ASSERT_EQ(grid.comm.waiting(worker), 2u);
    grid.assigned(worker);
    grid.assigned(worker);
    lose(worker);
  }
  grid.join(3, 2);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(3), 1u) << "one of the two, alone";
  const Assign innocent = grid.assigned(3);
  const Cell cell = innocent.pack.members[0].cell;
  grid.tell(3, Heartbeat{{{cell, innocent.pack.members[0].attempt, 1, 5}}});
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(3), 0u) << "the other wants a worker of its own";
  grid.join(4, 2);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(4), 1u);
  grid.tick(60);
  grid.beat(3);
  grid.tick(61);  // worker 4 is lost to the culprit, alone: that is once too often
  ASSERT_EQ(grid.coordinator->failures().size(), 1u);
  EXPECT_NE(grid.coordinator->failures()[0].first, cell);
}

TEST(WorkerThatGivesCellsBack, GetsNoMoreSinceItLeaves) {
  FakeGrid grid({1, 1});
  grid.join(0);
  grid.tick();
  grid.tell(0, Leaving{});
  grid.stopped(0, grid.assigned(0));
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u);
}

TEST(LostWorkers, CountOnlyWhileTheCellMakesNoProgress) {
  ClusterSettings cluster;
  cluster.retries_lost = 1;
  FakeGrid grid({1}, cluster);
  for (int worker = 1; worker <= 4; ++worker) {
    grid.join(worker);
    grid.tick();
    const Assign job = grid.assigned(worker);
    const Cell cell = job.pack.members[0].cell;
    const int attempt = job.pack.members[0].attempt;
    // It goes on from the epoch before, and then trains one more.
    grid.tell(worker, Heartbeat{{{cell, attempt, worker - 1, 9}}});
    grid.tell(worker, Heartbeat{{{cell, attempt, worker, 9}}});
    grid.tick(121);  // its lease is over
  }
  EXPECT_THAT(grid.coordinator->failures(), IsEmpty());
  EXPECT_EQ(grid.coordinator->counts().pending, 1);
}

}  // namespace
}  // namespace mtlgrid

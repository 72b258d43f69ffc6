// Staging when trainers, workers or ids fail.
#include <gtest/gtest.h>

#include <random>

#include "tests/orchestrator/scheduler/staging_grid.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Staging, NoIdMeansFiles) {
  StagingGrid grid(2);
  grid.join_gpus(0, 1);
  grid.join_gpus(1, 1);
  grid.tick();
  grid.give_id("", "ncclGetUniqueId: no network");
  EXPECT_THAT(grid.said, ElementsAre("NCCL: ncclGetUniqueId: no network; features are read from files instead"));
  grid.expect_cells_for({0, 1});
}

TEST(Staging, AnIdThatDoesNotComeMeansFiles) {
  StagingGrid grid(2);
  grid.join_gpus(0, 1);
  grid.join_gpus(1, 1);
  grid.tick();
  grid.comm.expect(0, "stage_id");
  grid.tick(kIdSeconds + 1);
  EXPECT_THAT(grid.said, ElementsAre(HasSubstr("no id within 60 s")));
  grid.assigned(0);
  grid.tell(0, SlotStageId{0, {"late", ""}});
  EXPECT_EQ(grid.comm.waiting(0), 0u) << "too late: it is over";
}

TEST(Staging, TheMakerOfTheIdDiesAndFilesAreRead) {
  StagingGrid grid(2);
  grid.join_gpus(0, 1);
  grid.join_gpus(1, 1);
  grid.tick();
  grid.comm.expect(0, "stage_id");
  grid.ready(0, 0, StagingGrid::gpu(0, 0));
  EXPECT_THAT(grid.said, ElementsAre("NCCL: a trainer died; features are read from files instead"));
  grid.expect_cells_for({0, 1});
}

TEST(Staging, AnotherTrainerThatDiesBeforeTheOrderTakesNoPart) {
  StagingGrid grid(1);
  grid.join_gpus(0, 3);
  grid.tick();
  grid.ready(0, 2, StagingGrid::gpu(0, 2));
  grid.give_id();
  EXPECT_EQ(grid.ordered(0).order.size, 2);
  EXPECT_EQ(grid.ordered(0).order.rank, 1);
  grid.tick();
  EXPECT_EQ(grid.assigned(0).slot, 2);
}

TEST(Staging, WithTooFewLeftBeforeTheOrderFilesAreRead) {
  StagingGrid grid(2);
  grid.join_gpus(0, 1);
  grid.join_gpus(1, 1);
  grid.tick();
  grid.comm.expect(0, "stage_id");
  grid.tell(1, Leaving{});
  EXPECT_THAT(grid.said, ElementsAre(HasSubstr("worker 1 on host1 leaves")));
  grid.expect_cells_for({0});
}

TEST(Staging, ATrainerThatDiesDuringItEndsItsPartAndGetsCellsAgain) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.ready(1, 0, StagingGrid::gpu(1, 0));
  grid.tick();
  grid.assigned(1);
  EXPECT_EQ(grid.comm.expect(0, "stage_stop").get<StopStaging>().slot, 0)
      << "the other would wait until its time is over";
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  grid.staged(0, 0, "stopped on request");
  EXPECT_THAT(grid.said, ElementsAre("NCCL: a trainer died; features are read from files instead"));
  grid.expect_cells_for({0});
}

TEST(Staging, ATrainersErrorStopsTheOthersOnce) {
  StagingGrid grid(1);
  grid.join_gpus(0, 4);
  grid.tick();
  grid.give_id();
  for (int i = 0; i < 4; ++i) grid.ordered(0);
  grid.staged(0, 3);
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  grid.staged(0, 1, "a.h5: truncated");
  EXPECT_EQ(grid.comm.expect(0, "stage_stop").get<StopStaging>().slot, 0);
  EXPECT_EQ(grid.comm.expect(0, "stage_stop").get<StopStaging>().slot, 2);
  for (const int slot : {0, 2}) grid.staged(0, slot, "stopped on request");
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  EXPECT_THAT(grid.said, ElementsAre(HasSubstr("3 of 4 trainers read files instead (NCCL: a.h5: truncated)")));
}

TEST(Staging, ATrainerThatDoesNotStartAgainIsCountedToo) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.broken(1);
  grid.staged(0, 0);
  EXPECT_THAT(grid.said.back(), AllOf(HasSubstr("to 1 trainer in 4.1 s"), HasSubstr("1 of 2 trainers read files"),
                                      HasSubstr("exited with status 1")));
}

TEST(Staging, AWorkerThatIsLostDuringItHoldsUpNobody) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.tick(kLease - 1);
  grid.beat(0);
  grid.tick(2);
  EXPECT_FALSE(grid.coordinator->all_alive());
  grid.comm.expect(0, "stage_stop");
  grid.staged(0, 0, "stopped on request");
  EXPECT_THAT(grid.said.back(), AllOf(HasSubstr("NCCL: worker 1 on host1 not heard of"), HasSubstr("from files")));
  EXPECT_EQ(grid.work_off(0), 12);
}

TEST(Staging, AWorkerThatComesBackWithAnAnswerGetsCells) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.staged(0, 0);
  grid.tick(kLease - 1);
  grid.beat(0);
  grid.tick(2);
  grid.staged(1, 0);
  grid.tick();
  grid.assigned(1);
}

TEST(Staging, SilenceEndsItAndATrainerThatAnswersNeverGetsNoCells) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.staged(0, 0);
  for (double waited = 0; waited <= kTimeout + 2 * kAbortSeconds; waited += 60) {
    grid.tick(60);
    for (const int worker : {0, 1}) grid.beat(worker);
  }
  EXPECT_THAT(grid.said,
              ElementsAre(HasSubstr("1 of 2 trainers read files instead (NCCL: a trainer does not answer)")));
  EXPECT_EQ(grid.comm.waiting(1), 0u);
  grid.ready(1, 0, StagingGrid::gpu(1, 0));  // its worker killed it
  grid.tick();
  grid.assigned(1);
}

// Whatever happens at whatever moment, every cell ends and the invariants hold (every tell and tick checks them).
TEST(Staging, RandomFaultsDuringItLoseNoCell) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto one_in = [&](int n) { return random() % static_cast<unsigned>(n) == 0; };
    StagingGrid grid(3);
    std::map<int, std::vector<Assign>> at_work;
    std::set<int> told;  // to stage
    for (int w = 0; w < 3; ++w) grid.hello(w, 1, "host" + std::to_string(w));
    for (int step = 0; step < 3000 && !grid.coordinator->finished(); ++step) {
      grid.tick(one_in(50) ? 40 : 1);
      for (int w = 0; w < 3; ++w) {
        grid.beat(w);
        while (grid.comm.waiting(w) > 0) {
          const nlohmann::json message = grid.comm.sent[w].front();
          grid.comm.sent[w].pop_front();
          if (message.at("type") == "assign") at_work[w].push_back(message.get<Assign>());
          if (message.at("type") == "stage") told.insert(w);
          if (message.at("type") == "stage_id" && !one_in(4)) {
            grid.tell(w, SlotStageId{0, {"abc", one_in(4) ? "error" : ""}});
          }
        }
        if (told.count(w) == 1 && one_in(10)) {
          told.erase(w);
          if (one_in(3))
            grid.ready(w, 0, StagingGrid::gpu(w, 0));
          else
            grid.staged(w, 0, one_in(2) ? "timeout" : "");
        }
        if (one_in(40) && at_work[w].empty()) {  // starts, or dies idle
          told.erase(w);
          grid.ready(w, 0, StagingGrid::gpu(w, 0));
        }
        if (at_work[w].empty() || one_in(3)) continue;
        grid.finish(w, at_work[w].front());
        at_work[w].erase(at_work[w].begin());
      }
    }
    ASSERT_TRUE(grid.coordinator->finished()) << "seed " << seed;
    EXPECT_EQ(grid.coordinator->counts().done, 12) << "seed " << seed;
  }
}

}  // namespace
}  // namespace mtlgrid

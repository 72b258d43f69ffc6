// Who takes part in staging, and when it begins.
#include <gtest/gtest.h>

#include "tests/orchestrator/scheduler/staging_grid.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Staging, EveryTrainerIsToldItsPlaceAndGetsCellsOnceItHasAnswered) {
  StagingGrid grid(2);
  grid.join_gpus(0, 2);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u) << "the other worker is not there yet";
  grid.join_gpus(1, 2);
  grid.tick();
  grid.give_id("0123");
  for (int rank = 0; rank < 4; ++rank) {
    const StageSlot stage = grid.ordered(rank / 2);
    EXPECT_EQ(stage.slot, rank % 2);
    EXPECT_EQ(stage.order.id, "0123");
    EXPECT_EQ(stage.order.rank, rank);
    EXPECT_EQ(stage.order.size, 4);
    EXPECT_THAT(stage.order.nodes, ElementsAre(0, 0, 1, 1));
    EXPECT_EQ(stage.order.timeout_seconds, kTimeout);
  }
  grid.tick();
  EXPECT_TRUE(grid.ledger.begun.empty());
  grid.staged(0, 1);
  grid.tick();
  EXPECT_EQ(grid.assigned(0).slot, 1);
  EXPECT_EQ(grid.comm.waiting(1), 0u);
  EXPECT_THAT(grid.said, IsEmpty());
  for (const auto& [worker, slot] : {std::pair{0, 0}, {1, 0}, {1, 1}}) grid.staged(worker, slot);
  EXPECT_THAT(grid.said, ElementsAre("features of 2 cohorts, 3.7 GB, over NCCL to 4 trainers in 4.1 s"));
  grid.tick();
  EXPECT_EQ(grid.ledger.begun.size(), 4u);
}

TEST(Staging, AttemptsRecordWhereFeaturesCameFrom) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.staged(0, 0);
  grid.tick();
  const Assign job = grid.assigned(0);
  EXPECT_EQ(grid.ledger.libraries.at(job.pack.members[0].cell.name()), "torch, features over NCCL");
}

TEST(Staging, RanksOfOneHostAreOneNode) {
  StagingGrid grid(2);
  for (const int worker : {0, 1}) {
    grid.hello(worker, 1, "one");
    grid.ready(worker, 0, StagingGrid::gpu(worker, 0));
  }
  grid.tick();
  grid.give_id();
  EXPECT_THAT(grid.ordered(1).order.nodes, ElementsAre(0, 0));
}

TEST(Staging, OneTrainerOfASharedGpuStagesAndTheOtherGetsACell) {
  StagingGrid grid(2);
  grid.hello(0, 2, "host0");
  for (const int slot : {0, 1}) grid.ready(0, slot, StagingGrid::gpu(0, 0));
  grid.join_gpus(1, 1);
  grid.tick();
  EXPECT_TRUE(grid.ledger.begun.empty());
  grid.give_id();
  EXPECT_EQ(grid.ordered(0).order.size, 2);
  grid.ordered(1);
  grid.tick();
  EXPECT_EQ(grid.assigned(0).slot, 1);
}

TEST(Staging, OneGpuIsNotStagedUnlessAskedFor) {
  StagingGrid automatic(1);
  automatic.join_gpus(0, 1);
  automatic.expect_cells_for({0});
  EXPECT_THAT(automatic.said, IsEmpty());
  StagingGrid asked(1, 1);
  asked.join_gpus(0, 1);
  asked.tick();
  asked.give_id();
  EXPECT_EQ(asked.ordered(0).order.size, 1);
  asked.staged(0, 0);
  EXPECT_THAT(asked.said, ElementsAre("features of 2 cohorts, 3.7 GB, over NCCL to 1 trainer in 4.1 s"));
}

TEST(Staging, TrainersWithoutAGpuWaitForNobody) {
  StagingGrid grid(3);
  grid.join(0);
  grid.expect_cells_for({0});
  grid.join_gpus(1, 1);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(1), 0u);
}

TEST(Staging, TrainersThatAreBusyAreNotWaitedFor) {
  StagingGrid grid(2);
  grid.join(0);
  grid.expect_cells_for({0});
  grid.join_gpus(1, 2);
  grid.tick();
  grid.comm.expect(1, "stage_id");
}

TEST(Staging, WhatTrainersLackIsSaidThoughTheFirstIsBusy) {
  StagingGrid grid(1);
  grid.hello(0, 2, "host0");
  grid.ready(0, 0, StagingGrid::gpu(0, 0), 0, "no library");
  grid.expect_cells_for({0});
  grid.ready(0, 1, StagingGrid::gpu(0, 1), 0, "no library");
  grid.tick();
  EXPECT_THAT(grid.said, ElementsAre("NCCL: no library; features are read from files instead"));
}

TEST(Staging, ARunWithoutGpusOrWithStagingFromFilesIsNotDelayed) {
  RunSettings run;
  EXPECT_EQ(staging_settings(run, true, 3, 7).least, 2);
  EXPECT_EQ(staging_settings(run, false, 3, 7).least, 0);
  run.staging = "nccl";
  EXPECT_EQ(staging_settings(run, true, 3, 7).least, 1);
  run.staging = "files";
  EXPECT_EQ(staging_settings(run, true, 3, 7).least, 0);
  StagingGrid grid(3, 0);
  grid.join_gpus(0, 1);
  grid.expect_cells_for({0});
}

TEST(Staging, GoesWithThoseThatAreThereAfterTwoMinutes) {
  StagingGrid grid(2);
  grid.join_gpus(0, 2);
  grid.tick();
  grid.tick(kGatherSeconds - 1);
  grid.beat(0);
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  grid.tick(1);
  grid.give_id();
  EXPECT_EQ(grid.ordered(0).order.size, 2);
}

TEST(Staging, DoesNotWaitForABrokenTrainer) {
  StagingGrid grid(1);
  grid.hello(0, 3, "host0");
  grid.ready(0, 0, StagingGrid::gpu(0, 0));
  grid.ready(0, 1, StagingGrid::gpu(0, 1));
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  grid.broken(0, 2);
  grid.tick();
  grid.give_id();
  EXPECT_EQ(grid.ordered(0).order.size, 2);
}

TEST(Staging, WhatTrainersLackIsSaid) {
  StagingGrid grid(1);
  grid.hello(0, 2, "host0");
  for (const int slot : {0, 1}) grid.ready(0, slot, StagingGrid::gpu(0, slot), 0, "built without NCCL's header");
  grid.tick();
  EXPECT_EQ(grid.ledger.begun.size(), 2u);
  EXPECT_THAT(grid.said, ElementsAre("NCCL: built without NCCL's header; features are read from files instead"));
}

TEST(Staging, ALateTrainerReadsFiles) {
  StagingGrid grid(2);
  grid.hello(0, 1, "host0");
  grid.join_gpus(1, 1);
  grid.join_gpus(2, 1);
  grid.tick();
  grid.tick(kGatherSeconds);
  grid.comm.expect(1, "stage_id");
  grid.tell(1, SlotStageId{0, {"abc", ""}});
  grid.ordered(1);
  grid.ordered(2);
  grid.ready(0, 0, StagingGrid::gpu(0, 0));
  grid.expect_cells_for({0});
  grid.staged(1, 0);
  grid.staged(2, 0);
  grid.join_gpus(3, 1);
  grid.tick();
  grid.assigned(3);
}

TEST(Staging, CohortsThatDoNotFitAreSaid) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.staged(0, 0, "", 1);
  grid.staged(1, 0, "", 1);
  EXPECT_THAT(grid.said, ElementsAre("features of 1 cohort, 3.7 GB, over NCCL to 2 trainers in 4.1 s; 1 cohort did "
                                     "not fit a GPU"));
}

TEST(Staging, AStopDuringItEndsTheRun) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.stop();
  for (const int worker : {0, 1}) grid.comm.expect(worker, "stop");
  EXPECT_TRUE(grid.coordinator->finished());
  grid.staged(0, 0, "stopped on request");
  grid.tick(1000);
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  EXPECT_TRUE(grid.ledger.begun.empty());
}

TEST(Staging, AStopBeforeItAsksForNothing) {
  StagingGrid grid(2);
  grid.join_gpus(0, 1);
  grid.stop();
  grid.comm.expect(0, "stop");
  grid.join_gpus(1, 1);
  grid.comm.expect(1, "stop");
  grid.tick(kGatherSeconds + 1);
  EXPECT_EQ(grid.comm.waiting(0) + grid.comm.waiting(1), 0u);
}

}  // namespace
}  // namespace mtlgrid

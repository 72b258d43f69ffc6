#include "orchestrator/session/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "results/store/layout.h"
#include "tests/orchestrator/config/scratch.h"
#include "tests/orchestrator/session/worker_fixture.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

TEST_F(WorkerTest, TrainerThatIsSilentForTooLongIsKilledAndItsCellsReported) {
  ready(0);
  ready(1);
  comm.expect(0, "slot_ready");
  comm.expect(0, "slot_ready");
  assign(0);
  turn(500);
  report(0, Alive{});
  turn(1090);
  EXPECT_TRUE(trainers->killed.empty()) << "heard at 500";
  turn(1101);
  turn(1102);
  EXPECT_EQ(trainers->killed, std::vector<int>{0});
  die(0);
  while (comm.sent[0].front().at("type") == "heartbeat") comm.sent[0].pop_front();
  EXPECT_EQ(comm.expect(0, "pack_crashed").at("cause"), "silent for 600 s");
}

TEST_F(WorkerTest, IdleTrainerMayBeSilent) {
  ready(0);
  ready(1);
  turn(5000);
  EXPECT_TRUE(trainers->killed.empty());
}

TEST_F(WorkerTest, TrainerThatFoundTheDiskFullIsToldOfAsThat) {
  ready(0);
  comm.expect(0, "slot_ready");
  assign(0);
  trainers->events.push_back(TrainerDied{0, "exited with status 5", "full", kDiskFull});
  worker.poll();
  EXPECT_EQ(comm.expect(0, "pack_crashed").at("needs_person"), true);
  assign(1);
  die(1);
  EXPECT_EQ(comm.expect(0, "pack_crashed").at("needs_person"), false);
}

TEST_F(WorkerTest, LastWordsOfAnAttemptComeFromItsLog) {
  const testing::Scratch folder;
  folder.write(kAttemptLog, "epoch 3\nout of memory\n");
  ready(0);
  comm.expect(0, "slot_ready");
  worker.on_message(Assign{0, {{{{"MSI", "LF", "naive", 0}, 1, folder.path().string(), {}}}}}, 1);
  die(0);
  EXPECT_EQ(comm.expect(0, "pack_crashed").at("detail"), "log\nepoch 3\nout of memory");
}

TEST_F(WorkerTest, ReleaseReachesATrainerAtWorkAlone) {
  ready(0);
  const ReleaseSlot release = ReleaseSlot{0, {{"naive"}}};
  worker.on_message(release, 1);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "setup");
  assign(0);
  worker.on_message(release, 1);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "release");
  EXPECT_EQ(trainers->sent[0].back().at("methods"), nlohmann::json::array({"naive"}));
}

TEST_F(WorkerTest, StartsEveryTrainerWithTheSetup) {
  EXPECT_EQ(trainers->starts, (std::vector<int>{1, 1}));
  EXPECT_EQ(trainers->sent[1].at(0).at("type"), "setup");
  EXPECT_EQ(trainers->sent[1].at(0).at("rank"), 3);
}

TEST_F(WorkerTest, ReadyTrainerIsReportedWithTheRankInItsEnvironment) {
  ready(1);
  const auto message = comm.expect(0, "slot_ready").get<SlotReady>();
  EXPECT_EQ(message.slot, 1);
  EXPECT_EQ(message.environment.rank, 3);
}

TEST_F(WorkerTest, ResultIsPassedOnWithItsSlot) {
  ready(0);
  comm.expect(0, "slot_ready");
  const Train train = assign(0);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "train");
  CellResult result;
  result.cell = train.cell;
  result.attempt = 1;
  report(0, Finished{result});
  EXPECT_EQ(comm.expect(0, "cell_finished").at("slot"), 0);
  EXPECT_FALSE(worker.busy());
}

TEST_F(WorkerTest, PackIsOverWhenEveryMemberWasReported) {
  ready(0);
  comm.expect(0, "slot_ready");
  const TrainPack pack = {{{{"MSI", "LF", "naive", 0}, 1, "a", {}}, {{"MSI", "LF", "dwa", 0}, 2, "b", {}}}};
  worker.on_message(Assign{0, pack}, 1);
  EXPECT_EQ(trainers->sent[0].back().at("members").size(), 2u);
  report(0, Progress{{"MSI", "LF", "dwa", 0}, 2, 4, 32});
  worker.on_tick(6);
  const auto beat = comm.expect(0, "heartbeat").get<Heartbeat>();
  ASSERT_EQ(beat.running.size(), 2u);
  EXPECT_EQ(beat.running[0].epoch, 0);
  EXPECT_EQ(beat.running[1].epoch, 4);
  report(0, Failed{{"MSI", "LF", "dwa", 0}, 2, "cause", "detail", false});
  EXPECT_EQ(comm.expect(0, "cell_failed").at("left"), 1);
  EXPECT_TRUE(worker.busy());
  report(0, Failed{{"MSI", "LF", "naive", 0}, 1, "cause", "detail", false});
  EXPECT_EQ(comm.expect(0, "cell_failed").at("left"), 0);
  EXPECT_FALSE(worker.busy());
}

TEST_F(WorkerTest, DeathOfAPackNamesTheMembersThatWereNotReported) {
  ready(0);
  comm.expect(0, "slot_ready");
  const TrainPack pack = {{{{"MSI", "LF", "naive", 0}, 1, "a", {}}, {{"MSI", "LF", "dwa", 0}, 2, "b", {}}}};
  worker.on_message(Assign{0, pack}, 1);
  report(0, Failed{{"MSI", "LF", "naive", 0}, 1, "cause", "detail", false});
  comm.expect(0, "cell_failed");
  die(0);
  const auto crash = comm.expect(0, "pack_crashed").get<PackCrashed>();
  ASSERT_EQ(crash.running.size(), 1u);
  EXPECT_EQ(crash.running[0].cell.method, "dwa");
  EXPECT_EQ(crash.running[0].attempt, 2);
}

TEST_F(WorkerTest, DeathDuringACellIsReportedAndTheTrainerStartedAgain) {
  ready(0);
  comm.expect(0, "slot_ready");
  assign(0);
  die(0);
  const auto failed = comm.expect(0, "pack_crashed").get<PackCrashed>();
  EXPECT_EQ(failed.running.size(), 1u);
  EXPECT_THAT(failed.cause, HasSubstr("SIGKILL"));
  EXPECT_EQ(trainers->starts[0], 2);
}

TEST_F(WorkerTest, CellForATrainerThatHasJustDiedWaitsForTheNewOne) {
  ready(0);
  comm.expect(0, "slot_ready");
  die(0);
  assign(0);
  EXPECT_NE(trainers->sent[0].back().at("type"), "train");
  ready(0);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "train");
  EXPECT_EQ(comm.waiting(0), 0u);
}

TEST_F(WorkerTest, TrainerThatNeverStartsIsGivenUpAndReported) {
  for (int i = 0; i < kStartTries; ++i) die(0);
  EXPECT_EQ(comm.expect(0, "slot_broken").at("slot"), 0);
  EXPECT_EQ(trainers->starts[0], kStartTries);
}

TEST_F(WorkerTest, StopReachesRunningTrainersOnceAndRefusesNewCells) {
  ready(0);
  ready(1);
  comm.expect(0, "slot_ready");
  comm.expect(0, "slot_ready");
  const Train train = assign(0);
  worker.on_message(StopAll{}, 2);
  worker.on_message(StopAll{}, 2);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "stop");
  EXPECT_NE(trainers->sent[1].back().at("type"), "stop");
  assign(1, 2);
  EXPECT_EQ(comm.expect(0, "cell_stopped").at("attempt"), 2);
  report(0, Stopped{train.cell, train.attempt});
  EXPECT_EQ(comm.expect(0, "cell_stopped").at("attempt"), 1);
}

TEST_F(WorkerTest, HeartbeatsTellTheEpochsOfRunningCells) {
  ready(0);
  comm.expect(0, "slot_ready");
  const Train train = assign(0);
  report(0, Progress{train.cell, 1, 4, 32});
  worker.on_tick(6);
  EXPECT_EQ(comm.expect(0, "heartbeat").get<Heartbeat>().running.at(0).epoch, 4);
  worker.on_tick(7);
  EXPECT_EQ(comm.waiting(0), 0u) << "not before five seconds have passed";
  report(0, Progress{train.cell, 1, 4, 32, {}, 4});
  EXPECT_EQ(comm.expect(0, "heartbeat").get<Heartbeat>().running[0].resumed, 4) << "at once";
  report(0, Progress{train.cell, 1, 5, 32});
  worker.on_tick(20);
  EXPECT_EQ(comm.expect(0, "heartbeat").get<Heartbeat>().running[0].resumed, 4) << "and from then on";
}

// A worker whose slot 0 stages, as the coordinator said.
class StagingWorkerTest : public WorkerTest {
 protected:
  void SetUp() override {
    WorkerTest::SetUp();
    ready(0);
    comm.expect(0, "slot_ready");
    Stage order;
    order.id = "abc";
    order.nodes = {0};
    order.timeout_seconds = 300;
    worker.on_message(StageSlot{0, order}, 1);
    EXPECT_EQ(trainers->sent[0].back().at("type"), "stage");
    EXPECT_EQ(trainers->sent[0].back().at("id"), "abc");
  }
};

TEST_F(WorkerTest, WhatATrainerLacksForStagingIsPassedOn) {
  report(0, Ready{1, 0, {}, "no library"});
  EXPECT_EQ(comm.expect(0, "slot_ready").at("staging_lacks"), "no library");
}

TEST_F(WorkerTest, IdIsAskedOfTheTrainerAndPassedOn) {
  worker.on_message(AskStageId{1}, 1);
  EXPECT_NE(trainers->sent[1].back().at("type"), "stage_id") << "it is not ready yet";
  ready(1);
  comm.expect(0, "slot_ready");
  worker.on_message(AskStageId{1}, 1);
  EXPECT_EQ(trainers->sent[1].back().at("type"), "stage_id");
  report(1, StageId{"abc", "error"});
  const auto answer = comm.expect(0, "slot_stage_id").get<SlotStageId>();
  EXPECT_EQ(answer.slot, 1);
  EXPECT_EQ(answer.answer.id, "abc");
  EXPECT_EQ(answer.answer.error, "error");
}

TEST_F(StagingWorkerTest, AnswerIsPassedOnWithTheRankInItsEnvironment) {
  Staged staged;
  staged.error = "timeout";
  report(0, staged);
  const auto answer = comm.expect(0, "slot_staged").get<SlotStaged>();
  EXPECT_EQ(answer.slot, 0);
  EXPECT_EQ(answer.answer.error, "timeout");
  EXPECT_EQ(answer.answer.environment.rank, 3);
  assign(0);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "train");
}

TEST_F(StagingWorkerTest, AnswerThatNobodyAskedForKillsTheTrainer) {
  report(0, Staged{});
  report(0, Staged{});
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0));
}

TEST_F(StagingWorkerTest, DeathStartsTheTrainerAgainAndTheNewOneDoesNotStage) {
  die(0);
  EXPECT_EQ(comm.waiting(0), 0u);
  EXPECT_EQ(trainers->starts[0], 2);
  ready(0);
  comm.expect(0, "slot_ready");
  EXPECT_EQ(trainers->sent[0].back().at("type"), "setup");
}

TEST_F(StagingWorkerTest, CellThatComesDuringItWaits) {
  assign(0);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "stage");
  report(0, Staged{});
  EXPECT_EQ(trainers->sent[0].back().at("type"), "train");
}

TEST_F(StagingWorkerTest, StopReachesTheTrainerAndNoOtherIsToldToStage) {
  worker.on_message(StopAll{}, 2);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "stop");
  ready(1);
  const std::size_t before = trainers->sent[1].size();
  worker.on_message(AskStageId{1}, 3);
  worker.on_message(StageSlot{1, {}}, 3);
  EXPECT_EQ(trainers->sent[1].size(), before);
}

TEST_F(StagingWorkerTest, StopOfItReachesTheTrainerThatIsAtStagingAlone) {
  worker.on_message(StopStaging{0}, 2);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "stop");
  report(0, Staged{});
  const std::size_t before = trainers->sent[0].size();
  worker.on_message(StopStaging{0}, 3);
  EXPECT_EQ(trainers->sent[0].size(), before) << "it has answered";
  assign(0);
  EXPECT_EQ(trainers->sent[0].back().at("type"), "train");
}

TEST_F(StagingWorkerTest, TrainerThatOutlivesItsTimeoutIsKilled) {
  worker.on_message(Ping{}, 300);
  worker.on_tick(1 + 300 + kAbortSeconds);
  EXPECT_TRUE(trainers->killed.empty());
  worker.on_tick(1 + 300 + kAbortSeconds + 1);
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0));
}

TEST_F(WorkerTest, StagingForASlotThatIsNotThereIsAnError) {
  EXPECT_THROW(worker.on_message(AskStageId{2}, 1), Error);
  EXPECT_THROW(worker.on_message(StageSlot{-1, {}}, 1), Error);
  EXPECT_THROW(worker.on_message(StopStaging{2}, 1), Error);
}

TEST_F(WorkerTest, WorkerWithoutACoordinatorForTwoLeasesCheckpointsAndLeaves) {
  ready(0);
  assign(0);
  worker.on_message(Ping{}, 50);
  worker.on_tick(50 + 2 * 60 - 1);
  EXPECT_FALSE(worker.orphaned());
  worker.on_tick(50 + 2 * 60 + 1);
  EXPECT_TRUE(worker.orphaned());
  EXPECT_EQ(trainers->sent[0].back().at("type"), "stop");
}

// Rank 0 sends pings while it reads the data, for as long as that takes.
TEST(WorkerBeforeItsWelcome, LeavesOnceRankZeroIsSilent) {
  FakeComm comm;
  Worker worker(
      1, "host", [](const Welcome&) -> std::unique_ptr<Trainers> { throw std::logic_error("not yet"); }, comm);
  worker.begin(0);
  EXPECT_FALSE(worker.welcomed());
  for (double now = 0; now < 5 * kPlanningSeconds; now += kPlanningSeconds - 1) {
    worker.on_message(Ping{}, now);
    worker.on_tick(now + kPlanningSeconds - 1);
    ASSERT_FALSE(worker.orphaned()) << now;
  }
  worker.on_tick(10 * kPlanningSeconds);
  EXPECT_TRUE(worker.orphaned());
}

}  // namespace
}  // namespace mtlgrid

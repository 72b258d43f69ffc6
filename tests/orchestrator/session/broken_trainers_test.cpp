// A trainer whose messages make no sense is killed, and nothing that it says counts until it has died.
#include <gtest/gtest.h>

#include "tests/orchestrator/session/worker_fixture.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

TEST_F(WorkerTest, ReportAboutACellThatIsNotInThePackKillsTheTrainer) {
  ready(0);
  comm.expect(0, "slot_ready");
  assign(0);
  report(0, Stopped{{"MSI", "LF", "dwa", 0}, 1});
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0));
  die(0);
  EXPECT_EQ(comm.expect(0, "pack_crashed").at("cause"),
            "broken stream: it reports MSI/LF/dwa/0, which it does not train");
}

// Its cell would wait for a rank that is about to leave, and never does.
TEST_F(WorkerTest, AStopThatNobodyAskedForKillsTheTrainer) {
  ready(0);
  comm.expect(0, "slot_ready");
  const Train train = assign(0);
  report(0, Stopped{train.cell, train.attempt});
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0));
  EXPECT_EQ(comm.waiting(0), 0u);
  die(0);
  EXPECT_THAT(comm.expect(0, "pack_crashed").at("cause"), HasSubstr("it stopped MSI/LF/naive/0, which nobody asked"));
}

TEST_F(WorkerTest, ACellThatWasAskedBackMayStopAndNoOther) {
  ready(0);
  comm.expect(0, "slot_ready");
  const TrainPack pack = {{{{"MSI", "LF", "naive", 0}, 1, "a", {}}, {{"MSI", "LF", "dwa", 0}, 1, "b", {}}}};
  worker.on_message(Assign{0, pack}, 1);
  worker.on_message(ReleaseSlot{0, {{"dwa"}}}, 1);
  report(0, Stopped{{"MSI", "LF", "dwa", 0}, 1});
  EXPECT_EQ(comm.expect(0, "cell_stopped").at("left"), 1);
  report(0, Stopped{{"MSI", "LF", "naive", 0}, 1});
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0));
}

TEST_F(WorkerTest, OneThatOnlySaysThatItIsAliveIsNotWaitedForAfterAStop) {
  ready(0);
  ready(1);
  comm.expect(0, "slot_ready");
  assign(0);
  double time = 1;
  const auto say_alive = [&](double until) {
    for (; time < until; time += 30) {
      report(0, Alive{});
      turn(time);
    }
  };
  say_alive(1000);
  EXPECT_THAT(trainers->killed, ::testing::IsEmpty()) << "it computes a long step";
  worker.on_message(StopAll{}, time);
  say_alive(time + 1000);
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0));
}

TEST_F(WorkerTest, NothingThatABrokenTrainerSaysIsPassedOn) {
  ready(0);
  comm.expect(0, "slot_ready");
  const Train train = assign(0);
  CellResult result;
  result.cell = train.cell;
  result.attempt = train.attempt;
  nlohmann::json broken = encode_message(Finished{result});
  broken.at("result").erase("metrics");
  report_raw(0, broken);
  report(0, Finished{result});
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0));
  EXPECT_EQ(comm.waiting(0), 0u);
  die(0);
  EXPECT_THAT(comm.expect(0, "pack_crashed").at("cause"), HasSubstr("broken stream: it sent a malformed message"));
  ready(0);
  comm.expect(0, "slot_ready");
}

TEST_F(WorkerTest, ResultsThatCannotBeTrueAreABrokenStream) {
  ready(0);
  comm.expect(0, "slot_ready");
  const Train train = assign(0);
  CellResult result;
  result.cell = train.cell;
  result.attempt = train.attempt;
  result.predictions.push_back({"test", "nobody", 0, 0.5, 0, 1, 1});
  report(0, Finished{result});
  die(0);
  EXPECT_EQ(comm.expect(0, "pack_crashed").at("cause"),
            "broken stream: it has 1 predictions and 0 embeddings, expected 0");
}

TEST_F(WorkerTest, ReadyTwiceDoesNotGetThePackTwice) {
  ready(0);
  comm.expect(0, "slot_ready");
  assign(0);
  const std::size_t sent = trainers->sent[0].size();
  ready(0);
  EXPECT_EQ(trainers->sent[0].size(), sent);
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0));
}

TEST_F(WorkerTest, TrainerThatTalksNonsenseIsKilled) {
  ready(0);
  report_raw(0, {{"type", "gibberish"}});
  report_raw(1, {{"no", "type"}});
  EXPECT_THAT(trainers->killed, ::testing::ElementsAre(0, 1));
}

}  // namespace
}  // namespace mtlgrid

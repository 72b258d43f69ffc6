// What is no fault of a cell: limits of the machine, and trainers that never start.
#include "tests/orchestrator/session/worker_fixture.h"

namespace mtlgrid {
namespace {

TEST_F(WorkerTest, ALimitOfTheMachineIsNoFaultOfTheCells) {
  ready(0);
  comm.expect(0, "slot_ready");
  assign(0);
  trainers->events.push_back(TrainerDied{0, "killed by signal 24 (SIGXCPU); raise it", "log", std::nullopt, true});
  worker.poll();
  EXPECT_EQ(comm.expect(0, "pack_crashed").at("needs_person"), true);
}

TEST_F(WorkerTest, ATrainerThatHangsWhileItStartsIsEndedAndToldOf) {
  ready(0);
  comm.expect(0, "slot_ready");
  for (int start = 1; start <= kStartTries; ++start) {
    turn(1000 * start);
    EXPECT_EQ(trainers->killed, std::vector<int>(static_cast<std::size_t>(start), 1));
    die(1);
  }
  while (comm.sent[0].front().at("type") == "heartbeat") comm.sent[0].pop_front();
  EXPECT_EQ(comm.expect(0, "slot_broken").at("cause"), "silent for 600 s");
}

}  // namespace
}  // namespace mtlgrid

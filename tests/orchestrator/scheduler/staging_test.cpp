// Staging through the coordinator: who takes part, what becomes of those who do not, and that no cell waits in vain.
#include "orchestrator/scheduler/staging.h"

#include <random>

#include "tests/orchestrator/scheduler/fake_grid.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kLease = 120;  // seconds, ClusterSettings' default
constexpr std::uint64_t kBytes = 4'000'000'000;
constexpr double kTimeout = 320;  // of those bytes: 120 s and 20 MB/s

// Workers whose trainers have a GPU each, unless a test says otherwise.
class StagingGrid : public FakeGrid {
 public:
  explicit StagingGrid(int workers, int least = 2)
      : FakeGrid(std::vector<double>(12, 1), {}, StagingSettings{least, workers, kBytes}) {}
  static std::string gpu(int worker, int slot) {
    return "cuda:GPU-" + std::to_string(worker) + "-" + std::to_string(slot) + " H100";
  }
  void hello(int worker, int slots, const std::string& host) {
    tell(worker, typed("hello", Hello{host}));
    comm.expect(worker, "welcome");
    tell(worker, typed("slots", Slots{slots}));
  }
  void join_gpus(int worker, int slots) {
    hello(worker, slots, "host" + std::to_string(worker));
    for (int slot = 0; slot < slots; ++slot) ready(worker, slot, gpu(worker, slot));
  }
  void give_id(const std::string& id = "abc", const std::string& error = "") {
    comm.expect(0, "stage_id");
    tell(0, typed("slot_stage_id", SlotStageId{0, {id, error}}));
  }
  StageSlot ordered(int worker) { return comm.expect(worker, "stage").get<StageSlot>(); }
  void staged(int worker, int slot, const std::string& error = "", int skipped = 0) {
    Staged answer{error, error.empty() ? 2 - skipped : 0, skipped, 3'700'000'000, 4.1, {}};
    answer.environment.device = gpu(worker, slot);
    answer.environment.libraries = error.empty() ? "torch, features over NCCL" : "torch, features from files";
    tell(worker, typed("slot_staged", SlotStaged{slot, answer}));
  }
  // Two workers with a GPU each, at staging.
  void two_at_work() {
    join_gpus(0, 1);
    join_gpus(1, 1);
    tick();
    give_id();
    ordered(0);
    ordered(1);
    tick();
  }
  void expect_cells_for(const std::vector<int>& workers) {
    tick();
    for (const int worker : workers) EXPECT_EQ(comm.waiting(worker), 1u) << worker;
    for (const int worker : workers) assigned(worker);
  }
};

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
  grid.tell(0, typed("slot_stage_id", SlotStageId{0, {"late", ""}}));
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
  grid.tell(1, typed("leaving"));
  EXPECT_THAT(grid.said, ElementsAre(HasSubstr("worker 1 on host1 leaves")));
  grid.expect_cells_for({0});
}

TEST(Staging, ATrainerThatDiesDuringItEndsItsPartAndGetsCellsAgain) {
  StagingGrid grid(2);
  grid.two_at_work();
  grid.ready(1, 0, StagingGrid::gpu(1, 0));
  grid.tick();
  grid.assigned(1);
  EXPECT_EQ(grid.comm.expect(0, "stage_stop").get<SlotOf>().slot, 0) << "the other would wait until its time is over";
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
  EXPECT_EQ(grid.comm.expect(0, "stage_stop").get<SlotOf>().slot, 0);
  EXPECT_EQ(grid.comm.expect(0, "stage_stop").get<SlotOf>().slot, 2);
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

TEST(Staging, ALateTrainerReadsFiles) {
  StagingGrid grid(2);
  grid.hello(0, 1, "host0");
  grid.join_gpus(1, 1);
  grid.join_gpus(2, 1);
  grid.tick();
  grid.tick(kGatherSeconds);
  grid.comm.expect(1, "stage_id");
  grid.tell(1, typed("slot_stage_id", SlotStageId{0, {"abc", ""}}));
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
            grid.tell(w, typed("slot_stage_id", SlotStageId{0, {"abc", one_in(4) ? "error" : ""}}));
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

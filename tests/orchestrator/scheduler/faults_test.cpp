// What the coordinator makes of full disks, the end of the allocation and packs that are split, and what it learns and
// shows.
#include <gtest/gtest.h>

#include "base/errors.h"
#include "orchestrator/durations/cell_durations.h"
#include "orchestrator/scheduler/work_queue.h"
#include "tests/orchestrator/scheduler/fake_grid.h"

namespace mtlgrid {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST(FullDisk, StopsTheRunAndIsNoFaultOfTheCell) {
  FakeGrid grid(std::vector<double>(3, 1.0));
  grid.join(0);
  grid.join(1);
  grid.tick();
  const Assign job = grid.assigned(0), other = grid.assigned(1);
  PackCrashed crash{job.slot, {{job.pack.members[0].cell, 1, 0, 0}}, "exited with status 5", "No space left", true};
  grid.tell(0, crash);
  EXPECT_THAT(grid.coordinator->needs_person(), HasSubstr("No space left"));
  grid.comm.expect(1, "stop");
  grid.stopped(1, other);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().pending, 3);
  for (const AttemptFailure& failure : grid.ledger.failures) EXPECT_EQ(failure.outcome, Outcome::stopped);
}

TEST(SecondRequest, EndsTheRunWithoutWaitingForCheckpoints) {
  FakeGrid grid(std::vector<double>(3, 1.0));
  grid.join(0, 2);
  grid.tick();
  grid.assigned(0);
  grid.coordinator->request_stop({});
  EXPECT_FALSE(grid.coordinator->finished()) << "checkpoints are waited for";
  grid.coordinator->abandon("second Ctrl-C", {});
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().pending, 3);
  ASSERT_EQ(grid.ledger.failures.size(), 2u);
  for (const AttemptFailure& failure : grid.ledger.failures) {
    EXPECT_EQ(failure.outcome, Outcome::stopped);
    EXPECT_EQ(failure.cause, "second Ctrl-C");
  }
}

TEST(FullDisk, OfATrainerThatCannotEvenStartStopsTheRunToo) {
  FakeGrid grid(std::vector<double>(1, 1.0));
  grid.join(0);
  grid.join(1);
  grid.tell(1, SlotBroken{0, "exited with status 5", "No space left", true});
  EXPECT_TRUE(grid.coordinator->stopping());
}

TEST(SystemErrors, AreTriedAgainAsACrashIsAndThenLeftForTheNextRun) {
  ClusterSettings cluster;
  cluster.retries_crash = 2;
  FakeGrid grid(std::vector<double>{2.0, 1.0}, cluster);
  grid.join(0);
  for (int tries = 0; tries < 3; ++tries) {
    grid.tick();
    const Assign job = grid.assigned(0);
    EXPECT_EQ(fold_of(job), 0);
    grid.hinder(0, job);
  }
  EXPECT_THAT(grid.said, ElementsAre(HasSubstr("(retrying)"), HasSubstr("left for the next")));
  EXPECT_EQ(grid.work_off(0), 1);  // the other cell
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().pending, 1);
  EXPECT_EQ(grid.coordinator->counts().failed, 0);
  EXPECT_THAT(grid.coordinator->needs_person(), HasSubstr("MSI/LF/naive/0: a.h5: cannot be read: Input/output error"));
  for (const AttemptFailure& failure : grid.ledger.failures) {
    EXPECT_EQ(failure.outcome, Outcome::crashed);
    EXPECT_FALSE(failure.final);  // pending in the store
  }
}

TEST(SystemErrors, ThatPassCostARetryAlone) {
  FakeGrid grid(std::vector<double>{1.0});
  grid.join(0);
  grid.tick();
  grid.hinder(0, grid.assigned(0));
  EXPECT_EQ(grid.work_off(0), 1);
  EXPECT_EQ(grid.coordinator->counts().done, 1);
  EXPECT_EQ(grid.coordinator->needs_person(), "");
}

TEST(SystemErrors, AreTriedOnAnotherWorkerIfThereIsOne) {
  FakeGrid grid(std::vector<double>{1.0});
  grid.join(0);
  grid.tick();
  grid.hinder(0, grid.assigned(0));
  grid.join(1);
  grid.tick();
  grid.finish(1, grid.assigned(1));
  EXPECT_EQ(grid.coordinator->counts().done, 1);
}

TEST(SystemErrors, OfOneHostQuarantineItAndItsCellsAreTriedElsewhere) {
  ClusterSettings cluster;
  cluster.retries_crash = 0;
  cluster.quarantine_strikes = 3;
  FakeGrid grid(std::vector<double>(3, 1.0), cluster);
  grid.join(0);
  for (int cell = 0; cell < 2; ++cell) {
    grid.tick();
    grid.hinder(0, grid.assigned(0));
  }
  EXPECT_THAT(grid.coordinator->needs_person(), HasSubstr("cannot be read"));
  grid.tick();
  const Assign third = grid.assigned(0);
  grid.join(1);
  grid.hinder(0, third);
  EXPECT_EQ(grid.work_off(1), 3);
  EXPECT_EQ(grid.coordinator->counts().done, 3);
  EXPECT_EQ(grid.coordinator->needs_person(), "");
}

CoordinatorSettings ending_in(double seconds, double lead) {
  CoordinatorSettings settings;
  settings.ends = 1e9 + 100 + seconds;  // FakeGrid's clocks
  settings.checkpoint_lead = lead;
  settings.cluster.lease_minutes = 1e6;
  return settings;
}

TEST(Walltime, EverythingIsCheckpointedBeforeTheAllocationEnds) {
  FakeGrid grid(queued_cells(2), ending_in(1000, 50));
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.tick(949);
  EXPECT_FALSE(grid.coordinator->stopping());
  grid.tick(2);
  grid.comm.expect(0, "stop");
  EXPECT_THAT(grid.said, Contains(HasSubstr("the allocation ends in 49 s")));
  grid.stopped(0, job);
  EXPECT_TRUE(grid.coordinator->finished());
}

TEST(Walltime, NoCellIsStartedThatCouldHardlyTrainAndTheRunDoesNotWait) {
  FakeGrid grid(queued_cells(2), ending_in(1000, 50));
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.tick(1000 - 50 - kWorthStarting + 1);
  grid.finish(0, job);
  grid.tick();
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_TRUE(grid.coordinator->stopping());
  EXPECT_EQ(grid.coordinator->counts().pending, 1);
}

TEST(Walltime, AllocationThatIsTooShortForAnyCellIsForAPersonToMend) {
  FakeGrid grid(queued_cells(2), ending_in(100, 50));
  grid.join(0);
  grid.tick();
  EXPECT_THAT(grid.coordinator->needs_person(), HasSubstr("more than 110 s, of which 50 s"));
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.comm.expect(0, "stop").at("type"), "stop");
}

TEST(Walltime, ClockThatJumpsLaterChangesNothing) {
  FakeGrid grid(queued_cells(1), ending_in(1000, 50));
  grid.join(0);
  grid.tick();
  grid.assigned(0);
  grid.coordinator->on_tick({grid.steady + 10, 5e9});
  EXPECT_FALSE(grid.coordinator->stopping());
  grid.coordinator->on_tick({grid.steady + 951, 0});
  EXPECT_TRUE(grid.coordinator->stopping());
}

// A pack of four on worker 0, and worker 1 idle. Costs are seconds.
struct SplitPack : ::testing::Test {
  struct Constant : CellDurations {
    double expected(const Cell&) const override { return 1000; }
    void observe(const CellResult&) override {}
  };
  SplitPack() {
    std::vector<QueuedCell> all;
    for (const char* method : {"naive", "dwa", "uncert", "cagrad"})
      all.push_back({{"MSI", "LF", method, 0}, 0, 1000, {}});
    CoordinatorSettings settings;
    settings.durations = std::make_shared<Constant>();
    settings.folder = "f";
    settings.say = [](const std::string&) {};
    Welcome welcome;
    welcome.experiment = patientless_experiment(all);
    welcome.experiment.run.pack = 4;
    grid = std::make_unique<FakeGrid>(std::vector<QueuedCell>{}, settings);
    grid->coordinator = std::make_unique<Coordinator>(settings, std::move(all), welcome, grid->comm, grid->ledger);
    grid->join(0);
    grid->tick();
    job = grid->assigned(0);
    EXPECT_EQ(job.pack.members.size(), 4u);
    grid->join(1);
    grid->tick(2);
  }
  void stop(const std::string& method, int left) {
    grid->tell(0, CellStopped{job.slot, left, {"MSI", "LF", method, 0}, 1});
  }
  std::unique_ptr<FakeGrid> grid;
  Assign job;
};

TEST_F(SplitPack, AnIdleTrainerGetsHalfOfIt) {
  const auto order = grid->comm.expect(0, "release_slot").get<ReleaseSlot>();
  EXPECT_THAT(order.order.methods, UnorderedElementsAre("dwa", "cagrad"));
  grid->tick(10);
  EXPECT_EQ(grid->comm.waiting(0), 0u) << "asked once";
  stop("dwa", 3);
  stop("cagrad", 2);
  grid->tick();
  const Assign moved = grid->assigned(1);
  ASSERT_EQ(moved.pack.members.size(), 2u) << "both to the idle one";
  EXPECT_THAT(moved.pack.members[0].resume, ElementsAre(HasSubstr("attempt-1")));
  EXPECT_EQ(grid->ledger.failures[0].cause, "moved to an idle trainer");
  grid->finish(1, moved, 0, 1);
  grid->finish(1, moved, 1, 0);
  grid->tick(10);  // idle again: two are left of the first pack
  EXPECT_THAT(grid->comm.expect(0, "release_slot").get<ReleaseSlot>().order.methods, ElementsAre("uncert"));
}

TEST_F(SplitPack, CellsThatEndBeforeTheyHearOfItAreDone) {
  grid->comm.expect(0, "release_slot");
  for (const std::size_t member : {0, 1, 2, 3}) grid->finish(0, job, member, 3 - static_cast<int>(member));
  EXPECT_TRUE(grid->coordinator->finished());
}

TEST(ShortPack, IsNotWorthSplitting) {
  FakeGrid grid({"naive", "dwa"}, 2);
  grid.join(0);
  grid.tick();
  grid.assigned(0);
  grid.join(1);
  grid.tick(2);
  EXPECT_EQ(grid.comm.waiting(0), 0u) << "nothing is known of its length";
}

TEST(Learning, ReordersTheQueueAndTheTimeThatIsLeft) {
  struct Reversed : CellDurations {
    double expected(const Cell& cell) const override { return cell.fold + 1.0; }
    void observe(const CellResult&) override { ++seen; }
    int seen = 0;
  };
  std::vector<QueuedCell> all;
  for (int fold = 0; fold < 20; ++fold) all.push_back({FakeGrid::cell(fold), 0, 100.0 - fold, {}});
  CoordinatorSettings settings;
  const auto durations = std::make_shared<Reversed>();
  settings.durations = durations;
  FakeGrid grid(std::move(all), settings);
  grid.join(0);
  std::vector<int> order;
  for (int i = 0; i < 10; ++i) {
    grid.tick(1);
    const Assign job = grid.assigned(0);
    order.push_back(fold_of(job));
    grid.finish(0, job);
  }
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 19, 18)) << "known after eight";
  EXPECT_EQ(durations->seen, 10);
  EXPECT_NEAR(grid.coordinator->counts().cost_total, 210, 1e-9);
  EXPECT_GT(grid.coordinator->remaining_seconds(grid.now()).value(), 0);
}

TEST(Status, ShowsWorkersRunningCellsAndTheQueue) {
  FakeGrid grid({3, 2, 1});
  grid.join(0);
  grid.join(1, 2);
  grid.broken(1, 1);
  grid.tick();
  const Assign job = grid.assigned(0);
  const Cell cell = job.pack.members[0].cell;
  grid.tell(0, Heartbeat{{{cell, 1, 4, 8}}});
  const nlohmann::json status = grid.coordinator->status(grid.now());
  EXPECT_EQ(status["cells"]["running"], 2);
  EXPECT_EQ(status["running"][0]["cell"], cell.name());
  EXPECT_EQ(status["running"][0]["epoch"], 4);
  EXPECT_EQ(status["workers"][1]["broken"], 1);
  EXPECT_EQ(status["workers"][1]["why"], "exited with status 1");
  EXPECT_THAT(status["queue"], ElementsAre(FakeGrid::cell(2).name()));
  grid.tick(20);
  EXPECT_EQ(grid.coordinator->status(grid.now())["workers"][1]["state"], "silent");
  grid.tick(121);
  EXPECT_EQ(grid.coordinator->status(grid.now())["workers"][1]["state"], "lost");
}

TEST(Resumption, IsRecordedWithWhateverEndsItsAttempt) {
  FakeGrid grid({1});
  grid.join(0);
  grid.tick();
  Assign job = grid.assigned(0);
  grid.crash(0, job);
  grid.ready(0);
  grid.tick();
  job = grid.assigned(0);
  const Train& train = job.pack.members.at(0);
  grid.tell(0, Heartbeat{{{train.cell, train.attempt, 4, 8, {}, 4}}});
  grid.stopped(0, job);
  ASSERT_EQ(grid.ledger.failures.size(), 2u);
  EXPECT_EQ(grid.ledger.failures[0].resumed, 0);
  EXPECT_EQ(grid.ledger.failures[1].resumed, 4);
}

TEST(WorkQueue, KeepsItsOrderWhenCostsChange) {
  WorkQueue queue;
  const std::vector<Cell> cells = {{"A", "X", "m", 0}, {"A", "X", "n", 0}, {"B", "X", "m", 0}, {"A", "X", "o", 0}};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    queue.add(cells[i], 1);
    queue.insert(i);
  }
  EXPECT_THAT(queue.first(9), ElementsAre(0, 1, 2, 3));
  queue.set_cost(2, 5);
  queue.set_cost(3, 2);
  EXPECT_THAT(queue.first(9), ElementsAre(2, 3, 0, 1));
  queue.erase(2);
  queue.erase(2);
  EXPECT_NEAR(queue.cost(), 4, 1e-12);
  const auto all = [](std::size_t) { return true; };
  const auto limit = [](std::size_t) { return 17; };
  const auto found = queue.candidates(all, limit);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].index, 3u);
  const auto rest = queue.candidates([](std::size_t task) { return task != 3; }, limit);
  EXPECT_EQ(rest.size(), 2u);
}

}  // namespace
}  // namespace mtlgrid

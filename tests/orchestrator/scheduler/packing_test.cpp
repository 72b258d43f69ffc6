#include "orchestrator/scheduler/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "balancers/methods/registry.h"
#include "tests/orchestrator/scheduler/fake_grid.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PackWidth, AutoIsOneOnTheCpu) { EXPECT_EQ(pack_width({0, false, 0, 595, 4}), 1); }

TEST(PackWidth, AutoOnAGpuIsATrainersShareOfWhatIsNotDone) {
  EXPECT_EQ(pack_width({0, true, 0, 595, 4}), largest_pack());
  EXPECT_EQ(pack_width({0, true, 0, 20, 4}), 5);
  EXPECT_EQ(pack_width({0, true, 0, 21, 4}), 6);
  EXPECT_EQ(pack_width({0, true, 0, 3, 4}), 1);
}

TEST(PackWidth, MemoryAndTheSettingBoundIt) {
  EXPECT_EQ(pack_width({0, true, 3, 595, 1}), 3);
  EXPECT_EQ(pack_width({8, false, 0, 595, 1}), 8);
  EXPECT_EQ(pack_width({8, true, 3, 595, 1}), 3);
}

class ChoosePack : public ::testing::Test {
 protected:
  void queue(const std::string& cell, int limit = largest_pack()) { cells.push_back({Cell::parse(cell), limit}); }
  std::vector<std::size_t> choose(int width) const {
    std::vector<PackCandidate> queued;
    for (std::size_t i = 0; i < cells.size(); ++i) queued.push_back({i, &cells[i].first, cells[i].second});
    return choose_pack(queued, width);
  }
  std::vector<std::pair<Cell, int>> cells;
};

TEST_F(ChoosePack, TakesTheFirstsGroupInItsOrder) {
  queue("MSI/LF/cagrad/0");
  queue("MSI/LF/cagrad/1");
  queue("MSI/ITH/cagrad/0");
  queue("MSI/LF/naive/0");
  queue("HRD/LF/naive/0");
  queue("MSI/LF/dwa/0");
  EXPECT_THAT(choose(17), ElementsAre(0, 3, 5));
  EXPECT_THAT(choose(2), ElementsAre(0, 3));
  EXPECT_THAT(choose(1), ElementsAre(0));
}

TEST_F(ChoosePack, NoMemberIsInALargerPackThanItMayBe) {
  queue("MSI/LF/cagrad/0", 4);
  queue("MSI/LF/naive/0", 1);
  queue("MSI/LF/dwa/0", 2);
  queue("MSI/LF/uncert/0", 4);
  EXPECT_THAT(choose(17), ElementsAre(0, 2));
}

class Packs : public ::testing::Test {
 protected:
  static std::vector<std::string> seventeen() {
    std::vector<std::string> names;
    for (const Method& m : methods()) names.push_back(m.name);
    return names;
  }
  static std::set<std::string> methods_of(const Assign& job) {
    std::set<std::string> names;
    for (const Train& member : job.pack.members) names.insert(member.cell.method);
    return names;
  }
};

TEST_F(Packs, GroupGoesToOneTrainerAndItsMembersAreRecorded) {
  FakeGrid grid({"naive", "dwa", "cagrad"}, 2);
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  EXPECT_EQ(job.pack.members.size(), 2u);
  EXPECT_EQ(grid.ledger.members.at("MSI/LF/naive/0"), "naive,dwa");
  EXPECT_EQ(grid.coordinator->counts().running, 2);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u) << "the trainer is busy";
}

TEST_F(Packs, MemberThatEndsEarlyIsCommittedAndTheTrainerStaysBusyUntilTheLast) {
  FakeGrid grid({"naive", "dwa", "cagrad"}, 2);
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.finish(0, job, 1, 1);
  EXPECT_EQ(grid.coordinator->counts().done, 1);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u);
  grid.finish(0, job, 0, 0);
  grid.tick();
  EXPECT_THAT(methods_of(grid.assigned(0)), ElementsAre("cagrad"));
}

TEST_F(Packs, ErrorInTheMathsFailsThatMemberAlone) {
  FakeGrid grid({"naive", "dwa", "cagrad"}, 3);
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.fail(0, job, "epoch 1, step 2: loss is nan", 1, 2);
  grid.finish(0, job, 0, 1);
  grid.finish(0, job, 2, 0);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().done, 2);
  EXPECT_EQ(grid.coordinator->counts().failed, 1);
}

TEST_F(Packs, CulpritThatKillsItsTrainerIsFoundAndNoOtherCellFails) {
  ClusterSettings cluster;
  cluster.retries_crash = 1;
  FakeGrid grid(seventeen(), 17, cluster);
  grid.join(0);
  const std::string culprit = "autol+cagrad";
  int rounds = 0;
  for (grid.tick(); grid.comm.waiting(0) > 0; grid.tick()) {
    ASSERT_LT(++rounds, 40);
    const Assign job = grid.assigned(0);
    if (methods_of(job).count(culprit) != 0) {
      grid.crash(0, job, "killed by signal 11 (SIGSEGV)");
      grid.ready(0);
      continue;
    }
    auto left = static_cast<int>(job.pack.members.size());
    for (std::size_t i = 0; i < job.pack.members.size(); ++i) grid.finish(0, job, i, --left);
  }
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().done, 16);
  ASSERT_EQ(grid.coordinator->failures().size(), 1u);
  EXPECT_EQ(grid.coordinator->failures()[0].first.method, culprit);
  EXPECT_THAT(grid.said, Contains(HasSubstr("16 more")));
}

TEST_F(Packs, MembersOfADeadPackGoOnFromTheirCheckpointsAndThoseThatHadEndedAreNotTriedAgain) {
  FakeGrid grid({"naive", "dwa", "cagrad", "uncert"}, 4);
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.finish(0, job, 0, 3);
  grid.crash(0, job, "killed by signal 9 (SIGKILL)", {0});
  grid.ready(0);
  grid.tick();
  const Assign again = grid.assigned(0);
  EXPECT_EQ(again.pack.members.size(), 1u) << "three had died together: half of that";
  EXPECT_THAT(again.pack.members[0].resume, ElementsAre(job.pack.members[1].directory));
  EXPECT_EQ(grid.coordinator->counts().done, 1);
}

TEST_F(Packs, LostWorkersPackIsTriedAgainInHalves) {
  FakeGrid grid({"naive", "dwa", "cagrad", "uncert"}, 4);
  grid.join(0);
  grid.tick();
  grid.assigned(0);
  grid.tick(121);
  grid.join(1);
  grid.tick();
  EXPECT_EQ(grid.assigned(1).pack.members.size(), 2u);
}

TEST_F(Packs, ReportsOfALostWorkersPackCountAndItsTrainerIsBusyUntilTheLast) {
  FakeGrid grid({"naive", "dwa"}, 2);
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.tick(121);  // given up; nobody else is there
  grid.finish(0, job, 0, 1);
  grid.tick();
  EXPECT_EQ(grid.comm.waiting(0), 0u) << "its trainer still works on the other";
  grid.finish(0, job, 1, 0);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().done, 2);
}

TEST_F(Packs, PackThatDoesNotFitIsTriedSmallerAndACellThatFitsNowhereFails) {
  FakeGrid grid({"naive", "dwa"}, 2);
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.fail(0, job, "out of memory: 17 GiB of 16", 0, 1, true);
  grid.fail(0, job, "out of memory: 17 GiB of 16", 1, 0, true);
  EXPECT_EQ(grid.coordinator->counts().failed, 0);
  grid.tick();
  const Assign alone = grid.assigned(0);
  ASSERT_EQ(alone.pack.members.size(), 1u);
  grid.fail(0, alone, "out of memory: 17 GiB of 16", 0, 0, true);
  EXPECT_EQ(grid.coordinator->counts().failed, 1);
  EXPECT_THAT(grid.coordinator->failures()[0].second, HasSubstr("out of memory"));
}

TEST_F(Packs, GpuTrainersGetEqualShares) {
  FakeGrid grid(seventeen(), 0);
  for (int worker : {0, 1}) {
    grid.join(worker);
    grid.ready(worker, 0, "cuda:GPU-1 H100");
  }
  grid.tick();
  EXPECT_EQ(grid.assigned(0).pack.members.size(), 9u);
  EXPECT_EQ(grid.assigned(1).pack.members.size(), 8u);
}

TEST_F(Packs, TrainersMemoryBoundsItsPacks) {
  FakeGrid grid(seventeen(), 0);
  grid.join(0);
  grid.ready(0, 0, "cuda:GPU-1 H100", 4);
  grid.tick();
  EXPECT_EQ(grid.assigned(0).pack.members.size(), 4u);
}

TEST_F(Packs, StopReportsEveryMember) {
  FakeGrid grid({"naive", "dwa"}, 2);
  grid.join(0);
  grid.tick();
  const Assign job = grid.assigned(0);
  grid.stop();
  grid.stopped(0, job);
  EXPECT_TRUE(grid.coordinator->finished());
  EXPECT_EQ(grid.coordinator->counts().pending, 2);
}

}  // namespace
}  // namespace mtlgrid

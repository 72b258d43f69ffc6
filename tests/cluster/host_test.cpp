#include "cluster/host.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "base/errors.h"
#include "tests/cluster/variables.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using testing::Variables;

const std::map<std::string, std::optional<std::string>> kNoLauncher{{"OMPI_COMM_WORLD_LOCAL_RANK", {}},
                                                                    {"OMPI_COMM_WORLD_LOCAL_SIZE", {}},
                                                                    {"SLURM_LOCALID", {}},
                                                                    {"SLURM_NODEID", {}},
                                                                    {"SLURM_STEP_TASKS_PER_NODE", {}}};

TEST(Host, ANameAndAtLeastOneCore) {
  EXPECT_FALSE(host_name().empty());
  const auto cpus = allowed_cpus();
  EXPECT_FALSE(cpus.empty());
  EXPECT_TRUE(std::is_sorted(cpus.begin(), cpus.end()));
}

TEST(LocalRank, IsTheOnlyOneOutsideALauncher) {
  const Variables none(kNoLauncher);
  EXPECT_EQ(local_rank().rank, 0);
  EXPECT_EQ(local_rank().size, 1);
}

TEST(LocalRank, IsTakenFromMpirun) {
  const Variables none(kNoLauncher);
  const Variables mpirun({{"OMPI_COMM_WORLD_LOCAL_RANK", "2"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}});
  EXPECT_EQ(local_rank().rank, 2);
  EXPECT_EQ(local_rank().size, 4);
}

TEST(LocalRank, IsTakenFromSrun) {
  const Variables none(kNoLauncher);
  const Variables srun({{"SLURM_LOCALID", "1"}, {"SLURM_NODEID", "3"}, {"SLURM_STEP_TASKS_PER_NODE", "4(x3),2,1"}});
  EXPECT_EQ(local_rank().rank, 1);
  EXPECT_EQ(local_rank().size, 2);
}

TEST(LocalRank, NonsenseCountsAsAbsent) {
  const Variables none(kNoLauncher);
  for (const char* list : {"", "x", "4(x", "4(x2", "4(xa)", "1"}) {
    const Variables srun({{"SLURM_LOCALID", "1"}, {"SLURM_NODEID", "0"}, {"SLURM_STEP_TASKS_PER_NODE", list}});
    EXPECT_EQ(local_rank().size, 1) << list;
  }
  const Variables mpirun({{"OMPI_COMM_WORLD_LOCAL_RANK", "4"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}});
  EXPECT_EQ(local_rank().rank, 0);
}

TEST(ShareOf, SharesAreContiguousAndNearlyEqual) {
  const std::vector<int> cpus{0, 1, 2, 3, 8, 9, 10};
  std::vector<int> together;
  for (int rank = 0; rank < 3; ++rank) {
    const auto share = share_of(cpus, {rank, 3});
    EXPECT_TRUE(share.size() == 2 || share.size() == 3);
    together.insert(together.end(), share.begin(), share.end());
  }
  EXPECT_EQ(together, cpus);
}

TEST(ShareOf, RanksShareWhereThereAreFewerCores) {
  EXPECT_THAT(share_of(std::vector<int>{4, 5}, {2, 3}), ElementsAre(4));
  EXPECT_THAT(share_of(std::vector<int>{4, 5}, {1, 3}), ElementsAre(5));
  EXPECT_THAT(share_of(std::vector<int>{}, {1, 3}), IsEmpty());
}

TEST(ShareOf, ARankThatDoesNotExistIsAnError) {
  for (const LocalRank rank : {LocalRank{3, 3}, LocalRank{-1, 3}, LocalRank{0, 0}}) {
    EXPECT_THROW(share_of(std::vector<int>{1, 2, 3}, rank), Error);
  }
}

TEST(Nccl, AVersionLooksLikeOne) {
  const auto version = nccl_version();
  if (!version) GTEST_SKIP() << "no NCCL here";
  EXPECT_THAT(*version, MatchesRegex("2\\.[0-9]+\\.[0-9]+"));
}

}  // namespace
}  // namespace mtlgrid

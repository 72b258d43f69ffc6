#include "orchestrator/session/rank_trainers.h"

#include <gmock/gmock.h>

namespace mtlgrid {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const RankCpus kFour{4, {0, 1, 2, 3}, "4 CPUs of this node"};
const RankCpus kTwoOfSixty{2, {}, "2 of this node's 64 CPUs: SLURM_CPUS_PER_TASK = 2 for 1 task"};

RankTrainers trainers(int threads, std::optional<int> wanted, const RankCpus& cpus, std::size_t gpus = 0) {
  RunSettings run;
  run.threads = threads;
  return rank_trainers(run, wanted, std::vector<Gpu>(gpus), cpus);
}

TEST(RankTrainersOf, TheCpusAreOneForEachThread) {
  EXPECT_EQ(trainers(1, {}, kFour).count, 4);
  EXPECT_EQ(trainers(3, {}, kFour).count, 1);
  EXPECT_EQ(trainers(8, {}, kFour).count, 1);
  EXPECT_THAT(trainers(2, {}, kFour).bind, SizeIs(4));
  EXPECT_EQ(trainers(2, {}, kFour).text, "2 trainers of 2 threads; 4 CPUs of this node");
}

TEST(RankTrainersOf, ALimitIsKeptAndSaid) {
  EXPECT_EQ(trainers(1, {}, kTwoOfSixty).count, 2);
  EXPECT_THAT(trainers(1, {}, kTwoOfSixty).bind, IsEmpty());
  EXPECT_EQ(trainers(1, {}, kTwoOfSixty).text,
            "2 trainers of 1 thread; 2 of this node's 64 CPUs: SLURM_CPUS_PER_TASK = 2 for 1 task");
}

TEST(RankTrainersOf, MoreThanTheCpusAreUnbound) {
  EXPECT_EQ(trainers(1, 6, kFour).count, 6);
  EXPECT_THAT(trainers(1, 6, kFour).bind, IsEmpty());
  EXPECT_EQ(trainers(1, 6, kFour).text,
            "6 trainers of 1 thread, as asked for; 4 CPUs of this node: more threads than CPUs, so they share");
}

TEST(RankTrainersOf, GpusAreOneForEach) {
  EXPECT_EQ(trainers(1, 2, kFour, 2).text, "2 trainers of 1 thread, one for each GPU; 4 CPUs of this node");
  EXPECT_THAT(trainers(1, {}, kFour, 2).bind, SizeIs(4));
}

}  // namespace
}  // namespace mtlgrid

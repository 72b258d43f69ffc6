// Staging between threads that share a fake broadcaster: who reads what, what everyone has in the end, and a failure
// at every call.
#include "trainer/training/staging.h"

#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "base/errors.h"
#include "base/system_error.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "tests/trainer/training/fake_broadcaster.h"
#include "trainer/nccl/nccl.h"
#include "trainer/training/prediction.h"

namespace mtlgrid {
namespace {

using testing::Board;
using testing::FakeBroadcaster;
using ::testing::HasSubstr;

constexpr std::uint64_t kPlenty = 1 << 20;
constexpr int kInner = 13, kOuter = 6;  // patients of the two cohorts

bool never() { return false; }

// A trainer of its own: its features, its memory, and what came of staging there.
struct Trainer {
  explicit Trainer(std::uint64_t room = kPlenty)
      : experiment(testing::tiny_experiment(folder.path())), cache(experiment), bags(cache, at::kCPU, room) {}
  void lose_features(const std::string& cohort) const { std::filesystem::remove_all(folder.path() / cohort); }
  bool has_bag_file() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("mtlgrid-bags-") && !name.ends_with(".lock")) return true;
    }
    return false;
  }
  testing::TemporaryFolder folder;
  Experiment experiment;
  BagCache cache;
  DeviceBags bags;
  int fails_at = -1;
  std::function<bool()> stop = never;
  StagingResult result;
  int calls = 0;
};

class Staging : public ::testing::Test {
 protected:
  Trainer& add(std::uint64_t room = kPlenty) { return trainers.emplace_back(room); }
  void add_three() {
    for (int i = 0; i < 3; ++i) add();
  }
  void stage(const std::vector<int>& nodes) {
    Board board;
    std::vector<std::thread> threads;
    for (std::size_t r = 0; r < trainers.size(); ++r) {
      threads.emplace_back([&, r] {
        Trainer& t = trainers[r];
        const auto size = static_cast<int>(trainers.size());
        const auto join = [&] {
          return std::make_unique<CountedBroadcaster>(board, static_cast<int>(r), size, t.fails_at, t.calls);
        };
        t.result = stage_bags(t.experiment, t.cache, t.bags, nodes, join, Patience(1e9, t.stop));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  // Every resident bag of `t` is what the feature files hold; how many there are.
  std::size_t checked(Trainer& t) {
    const testing::TemporaryFolder folder;
    const Experiment experiment = testing::tiny_experiment(folder.path());  // the same for every folder
    BagCache files(experiment);
    const at::Tensor like = at::empty({0});
    const std::size_t resident = t.bags.resident();
    for (const auto& [cohort, patients] : {std::pair{0, kInner}, {1, kOuter}}) {
      for (int p = 0; p < patients; ++p) {
        const CellPatient patient{cohort, p, 0, 0};
        try {
          EXPECT_TRUE(t.bags.bag(patient, like).equal(bag_tensor(files.bag(patient), like))) << cohort << " " << p;
        } catch (const SystemError&) {
          // Not resident, and its files were taken away by the test.
        }
      }
    }
    return resident;
  }
  std::deque<Trainer> trainers;

 private:
  // Tells how many calls were made before it was destroyed.
  class CountedBroadcaster : public FakeBroadcaster {
   public:
    CountedBroadcaster(Board& board, int rank, int size, int fails_at, int& count)
        : FakeBroadcaster(board, rank, size, fails_at), count_(count) {}
    ~CountedBroadcaster() override { count_ = calls(); }

   private:
    int& count_;
  };
};

TEST_F(Staging, EveryTrainerHasEveryBagInTheEnd) {
  add_three();
  stage({0, 0, 0});
  for (Trainer& t : trainers) {
    EXPECT_EQ(t.result.error, "");
    EXPECT_EQ(t.result.cohorts, 2);
    EXPECT_EQ(t.result.skipped, 0);
    EXPECT_EQ(t.result.bytes, kPlenty - t.bags.room());
    EXPECT_EQ(checked(t), kInner + kOuter);
  }
}

TEST_F(Staging, ACohortIsReadByOneNodeAlone) {
  add_three();
  trainers[0].lose_features("OUTER");
  trainers[1].lose_features("OUTER");
  trainers[1].lose_features("INNER");
  trainers[2].lose_features("INNER");
  stage({0, 0, 1});
  for (Trainer& t : trainers) {
    EXPECT_EQ(t.result.error, "");
    EXPECT_EQ(checked(t), kInner + kOuter);
    EXPECT_FALSE(t.has_bag_file()) << "it would hold what this node does not read";
  }
}

TEST_F(Staging, OnOneNodeTheBagFileIsMadeByTheOneThatReads) {
  add();
  add();
  stage({0, 0});
  EXPECT_TRUE(trainers[0].has_bag_file());
  EXPECT_FALSE(trainers[1].has_bag_file());
}

TEST_F(Staging, ATrainerAloneStagesToo) {
  add();
  stage({0});
  EXPECT_EQ(trainers[0].result.cohorts, 2);
  EXPECT_EQ(checked(trainers[0]), kInner + kOuter);
}

TEST_F(Staging, ACohortThatDoesNotFitOneTrainerIsLeftOutByAll) {
  add();
  add();
  stage({0, 0});
  const std::uint64_t both = trainers[0].result.bytes;
  trainers.clear();
  add();
  add(both - 1);  // room for the first cohort alone
  stage({0, 0});
  for (Trainer& t : trainers) {
    EXPECT_EQ(t.result.error, "");
    EXPECT_EQ(t.result.cohorts, 1);
    EXPECT_EQ(t.result.skipped, 1);
    EXPECT_EQ(t.bags.resident(), kInner);
    EXPECT_GE(checked(t), kInner);
  }
}

TEST_F(Staging, ABagThatCannotBeReadIsLeftOutAndItsCellGetsTheReason) {
  add();
  add();
  for (Trainer& t : trainers) std::filesystem::remove(t.folder.path() / "INNER" / "INNER-4.h5");
  stage({0, 0});
  for (Trainer& t : trainers) {
    EXPECT_EQ(t.result.error, "");
    EXPECT_EQ(checked(t), kInner + kOuter - 1);
    EXPECT_THROW(t.bags.bag({0, 4, 0, 0}, at::empty({0})), SystemError);
  }
}

// Of three trainers one fails at its k-th call, and so may the others; nobody waits without end, and what is there is
// whole and right.
TEST_F(Staging, AFailureAtAnyCallLeavesWholeCohortsOrNothing) {
  add_three();
  stage({0, 0, 1});
  const int calls = trainers[1].calls;
  EXPECT_EQ(calls, 2 * (1 + 3 + 1)) << "tiles, three answers and one part of each cohort";
  for (std::size_t failing = 0; failing < 3; ++failing) {
    for (int call = 0; call < calls; ++call) {
      trainers.clear();
      add_three();
      trainers[failing].fails_at = call;
      stage({0, 0, 1});
      for (Trainer& t : trainers) {
        const std::size_t resident = t.bags.resident();
        EXPECT_TRUE(resident == 0 || resident == kInner || resident == kInner + kOuter) << resident;
        EXPECT_EQ(t.result.cohorts, resident == 0 ? 0 : resident == kInner ? 1 : 2);
        EXPECT_EQ(t.result.error.empty(), t.result.cohorts == 2) << t.result.error;
        checked(t);
      }
      EXPECT_THAT(trainers[failing].result.error, HasSubstr("unhandled system error")) << failing << " at " << call;
      EXPECT_LE(trainers[failing].result.cohorts, call < calls / 2 ? 0 : 1);
    }
  }
}

TEST_F(Staging, AStopEndsItBeforeTheNextBag) {
  add();
  add();
  int asked = 0;
  trainers[0].stop = [&] { return ++asked >= 3; };
  stage({0, 0});
  EXPECT_EQ(trainers[0].result.error, "stopped on request");
  EXPECT_EQ(trainers[0].calls, 0);
  EXPECT_THAT(trainers[1].result.error, HasSubstr("a peer is gone"));
  EXPECT_EQ(trainers[0].bags.resident() + trainers[1].bags.resident(), 0u);
}

TEST_F(Staging, AStopWhileTheBagFileIsMadeLeavesItToBeMadeLater) {
  Trainer& t = add();
  t.stop = [] { return true; };
  stage({0});
  EXPECT_EQ(t.result.error, "stopped on request");
  EXPECT_FALSE(t.has_bag_file());
  t.cache.share();
  EXPECT_TRUE(t.has_bag_file());
}

TEST_F(Staging, ACommunicatorThatCannotBeMadeIsTheError) {
  Trainer& t = add();
  const auto join = []() -> std::unique_ptr<Broadcaster> { throw Error(ErrorKind::fatal, "no network\nmore"); };
  const StagingResult result = stage_bags(t.experiment, t.cache, t.bags, {0}, join, Patience(1, never));
  EXPECT_EQ(result.error, "no network");
}

TEST_F(Staging, NodesOfAnotherNumberOfTrainersAreRefused) {
  add();
  add();
  stage({0, 0, 0});
  for (const Trainer& t : trainers) EXPECT_EQ(t.result.error, "staging: 2 trainers, but 3 node numbers");
}

// A peer that announces nonsense: no memory is asked for.
TEST_F(Staging, TilesThatCannotBeAreRefused) {
  class Liar : public Broadcaster {
   public:
    explicit Liar(std::int64_t tiles) : tiles_(tiles) {}
    int rank() const override { return 1; }
    int size() const override { return 2; }
    void broadcast(const at::Tensor& values, int) override { values.fill_(tiles_); }
    void finish() override {}

   private:
    std::int64_t tiles_;
  };
  for (const std::int64_t tiles : {std::int64_t{-1}, std::int64_t{1} << 40, std::numeric_limits<std::int64_t>::max()}) {
    Trainer t;
    const auto join = [&] { return std::make_unique<Liar>(tiles); };
    const StagingResult result = stage_bags(t.experiment, t.cache, t.bags, {0, 0}, join, Patience(1e9, never));
    EXPECT_THAT(result.error, HasSubstr("a bag of")) << tiles;
    EXPECT_EQ(t.bags.resident(), 0u);
  }
}

TEST(StagingRoot, IsTheFirstTrainerOfANodeNodesTakingTurns) {
  const std::vector<int> nodes = {0, 0, 1, 1, 2};
  EXPECT_EQ(staging_root(nodes, 0), 0);
  EXPECT_EQ(staging_root(nodes, 1), 2);
  EXPECT_EQ(staging_root(nodes, 2), 4);
  EXPECT_EQ(staging_root(nodes, 3), 0);
  EXPECT_EQ(staging_root({0}, 7), 0);
  for (const std::vector<int>& wrong : {std::vector<int>{}, {1}, {0, 2}, {-1, 0}}) {
    EXPECT_THROW(staging_root(wrong, 0), Error);
  }
}

TEST(Patience, EndsByTheClockOrOnRequest) {
  double now = 100;
  bool stop = false;
  const auto what_of = [](const Patience& patience) -> std::string {
    try {
      patience.check("waiting");
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  };
  const Patience patience(60, [&] { return stop; }, [&] { return now; });
  now = 160;
  EXPECT_EQ(what_of(patience), "");
  const Patience shorter = patience.at_most(0);
  now = 161;
  EXPECT_EQ(what_of(patience), "timeout: waiting took more than 60 s");
  EXPECT_EQ(what_of(shorter), "timeout: waiting took more than 60 s") << "at most the first end";
  const Patience fresh(60, [&] { return stop; }, [&] { return now; });
  const Patience part = fresh.at_most(10);
  now = 172;
  EXPECT_EQ(what_of(part), "timeout: waiting took more than 10 s");
  EXPECT_EQ(what_of(fresh), "");
  stop = true;
  EXPECT_EQ(what_of(part), "stopped on request");
}

class Nccl : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!nccl::lacks().empty()) GTEST_SKIP() << "NCCL: " << nccl::lacks();
  }
};

TEST_F(Nccl, MakesIdsWithoutAGpu) {
  const std::string one = nccl::make_id(), two = nccl::make_id();
  EXPECT_EQ(one.size(), 256u);
  EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(one, two);
}

TEST_F(Nccl, SaysItsVersion) { EXPECT_THAT(nccl::version(), ::testing::MatchesRegex("2\\.[0-9]+\\.[0-9]+")); }

TEST_F(Nccl, AnIdThatIsNoneIsRefused) {
  for (const std::string& id : {std::string(), std::string("abc"), std::string(256, 'x'), std::string(257, 'a')}) {
    EXPECT_THROW(nccl::join(id, 0, 1, at::Device(at::kCUDA, 0), Patience(1, never)), Error);
  }
}

}  // namespace
}  // namespace mtlgrid

// NCCL on one real GPU, which allows a communicator of one, and of two whose other half never comes. Skipped, saying
// so, where there is no GPU.
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/errors.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "tests/trainer/process/fake_control.h"
#include "trainer/nccl/nccl.h"
#include "trainer/training/device.h"
#include "trainer/training/pack_run.h"
#include "trainer/training/prediction.h"
#include "trainer/training/staging.h"
#include "trainer/training/training.h"

namespace mtlgrid {
namespace {

using testing::FakeControl;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::uint64_t kPlenty = 1 << 20;

class GpuStaging : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!at::globalContext().hasCUDART() || at::detail::getCUDAHooks().deviceCount() == 0) GTEST_SKIP() << "no GPU";
    if (!nccl::lacks().empty()) GTEST_SKIP() << "NCCL: " << nccl::lacks();
  }
  static Patience patience(double seconds = 100) {
    return Patience(seconds, [] { return false; });
  }
  std::unique_ptr<Broadcaster> alone() const { return nccl::join(nccl::make_id(), 0, 1, cuda, patience()); }
  // What joining a communicator of two says when nobody else comes.
  std::string refusal(const Patience& waiting) const {
    try {
      nccl::join(nccl::make_id(), 0, 2, cuda, waiting);
      return "joined";
    } catch (const Error& e) {
      return e.what();
    }
  }
  // The GPU still computes.
  void expect_works() const {
    const at::Tensor n = at::arange(1000, at::TensorOptions().dtype(at::kLong).device(cuda));
    EXPECT_EQ(n.sum().item<std::int64_t>(), 499500);
  }
  const at::Device cuda = at::Device(at::kCUDA, 0);
};

TEST_F(GpuStaging, ACommunicatorOfOneBroadcastsToItself) {
  const std::unique_ptr<Broadcaster> one = alone();
  EXPECT_EQ(one->rank(), 0);
  EXPECT_EQ(one->size(), 1);
  for (const std::int64_t n : {1, 1000, 3'000'000}) {
    for (const at::ScalarType type : {at::kLong, at::kHalf}) {
      const at::Tensor sent = at::arange(n, at::TensorOptions().dtype(at::kLong)).remainder(2048).to(type);
      const at::Tensor values = sent.to(cuda);
      one->broadcast(values, 0);
      EXPECT_TRUE(values.cpu().equal(sent)) << n;
    }
  }
  one->finish();
  EXPECT_THROW(one->finish(), Error);
  EXPECT_THROW(one->broadcast(at::empty({1}, at::TensorOptions().dtype(at::kHalf).device(cuda)), 0), Error);
  expect_works();
}

TEST_F(GpuStaging, AnUnfinishedCommunicatorIsAbortedAndAnotherCanBeMade) {
  alone()->broadcast(at::empty({1000}, at::TensorOptions().dtype(at::kHalf).device(cuda)), 0);
  expect_works();
  alone()->finish();
  expect_works();
}

TEST_F(GpuStaging, ARootThatIsNotThereIsAnErrorWithNcclsText) {
  const std::unique_ptr<Broadcaster> one = alone();
  const at::Tensor values = at::empty({8}, at::TensorOptions().dtype(at::kHalf).device(cuda));
  try {
    one->broadcast(values, 1);
    FAIL() << "rank 1 of 1 broadcast";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), StartsWith("ncclBroadcast: invalid argument"));
  }
  EXPECT_THROW(one->broadcast(values, 0), Error) << "it was aborted";
  expect_works();
}

TEST_F(GpuStaging, EveryBagIsOnTheGpuInTheEndAsTheFilesHoldIt) {
  const testing::TemporaryFolder folder;
  const Experiment experiment = testing::tiny_experiment(folder.path());
  BagCache cache(experiment), files(experiment);
  DeviceBags bags(cache, cuda, kPlenty);
  const StagingResult result = stage_bags(experiment, cache, bags, {0}, [&] { return alone(); }, patience());
  ASSERT_EQ(result.error, "");
  EXPECT_EQ(result.cohorts, 2);
  EXPECT_EQ(bags.resident(), 19u);
  const at::Tensor like = at::empty({0}), there = at::empty({0}, at::TensorOptions().device(cuda));
  for (const auto& [cohort, patients] : {std::pair{0, 13}, {1, 6}}) {
    for (int p = 0; p < patients; ++p) {
      const at::Tensor bag = bags.bag({cohort, p, 0, 0}, there);
      EXPECT_TRUE(bag.device().is_cuda());
      EXPECT_TRUE(bag.cpu().equal(bag_tensor(files.bag({cohort, p, 0, 0}), like))) << cohort << " " << p;
    }
  }
  EXPECT_EQ(bags.resident(), 19u);
}

// Bytes of a result without times and what names its attempt.
std::vector<std::uint8_t> bits(CellResult r) {
  r.started = r.ended = 0;
  r.environment = {};
  for (EpochRow& row : r.epochs) row.seconds = 0;
  return nlohmann::json::to_msgpack(r);
}

TEST_F(GpuStaging, ACellIsTheSameWhereverItsBagsComeFrom) {
  const testing::TemporaryFolder folder;
  const Experiment experiment = testing::tiny_experiment(folder.path());
  BagCache cache(experiment);
  const auto trained = [&](DeviceBags& bags, const std::string& name) {
    const std::vector<Train> members = {{{"MSI", "LF", "naive", 0}, 1, (folder.path() / name).string(), {}}};
    FakeControl control;
    PackRun(experiment, members, bags, {}, {cuda, true}).run(control);
    return bits(control.results.at("naive"));
  };
  DeviceBags copied(cache, cuda, 0), kept(cache, cuda, kPlenty), staged(cache, cuda, kPlenty);
  const StagingResult result = stage_bags(experiment, cache, staged, {0}, [&] { return alone(); }, patience());
  ASSERT_EQ(result.error, "");
  const auto expected = trained(copied, "copied");
  EXPECT_EQ(copied.resident(), 0u);
  EXPECT_EQ(trained(kept, "kept"), expected);
  EXPECT_EQ(kept.resident(), 19u);
  EXPECT_EQ(trained(staged, "staged"), expected);
}

// The trainer's service as its rank uses it: id, staging, a cell, and what is recorded.
TEST_F(GpuStaging, TheServiceStagesAndRecordsIt) {
  ::setenv("CUDA_VISIBLE_DEVICES", "0", 0);  // CUDA has started already: this is the name of the GPU for the record
  const testing::TemporaryFolder folder;
  ::mtlgrid::Setup setup;
  setup.experiment = testing::tiny_experiment(folder.path());
  setup.experiment.run.device = "cuda";
  const std::unique_ptr<CellService> service = make_training_service(setup);
  EXPECT_EQ(service->staging_lacks(), "");
  EXPECT_THAT(service->environment().libraries, HasSubstr(", features from files"));
  Stage order;
  order.id = service->staging_id();
  order.nodes = {0};
  order.timeout_seconds = 100;
  const Staged staged = service->stage(order, [] { return false; });
  EXPECT_EQ(staged.error, "");
  EXPECT_EQ(staged.cohorts, 2);
  EXPECT_GT(staged.bytes, 0u);
  EXPECT_THAT(staged.environment.libraries, HasSubstr(", features over NCCL 2."));
  FakeControl control;
  service->run({{{"MSI", "LF", "cagrad", 0}, 1, (folder.path() / "cell").string(), {}}}, control);
  EXPECT_EQ(control.results.at("cagrad").environment.libraries, staged.environment.libraries);
}

// As every trainer does; the other tests have made tensors before.
TEST_F(GpuStaging, TheServiceIsMadeInAProcessThatHasNotUsedTheGpuYet) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  ::setenv("CUDA_VISIBLE_DEVICES", "0", 0);
  const testing::TemporaryFolder folder;
  ::mtlgrid::Setup setup;
  setup.experiment = testing::tiny_experiment(folder.path());
  setup.experiment.run.device = "cuda";
  EXPECT_EXIT(
      {
        make_training_service(setup);
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

// Last, since ncclCommAbort has been known to hang.
TEST_F(GpuStaging, APeerThatNeverComesIsATimeoutAndTheCommunicatorIsAborted) {
  EXPECT_THAT(refusal(patience(2)), StartsWith("timeout: ncclCommInitRankConfig took more than"));
  expect_works();
}

TEST_F(GpuStaging, AStopEndsTheWaitingForPeers) {
  int asked = 0;
  EXPECT_EQ(refusal(Patience(100, [&] { return ++asked > 5; })), "stopped on request");
  expect_works();
}

}  // namespace
}  // namespace mtlgrid

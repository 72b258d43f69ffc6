#include "orchestrator/session/devices.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Devices : public ::testing::Test {
 protected:
  Devices() {
    questions_.gpus = [this] {
      ++asked_;
      return facts_;
    };
    questions_.trainer_lacks = [this] { return lacks_; };
    questions_.local = {0, 1};
    questions_.mps = "/nonexistent";
  }
  RankDevices chosen(const std::string& device, std::optional<int> workers = {}, int per_gpu = 1) const {
    RunSettings run;
    run.device = device;
    run.staging = staging_;
    run.trainers_per_gpu = per_gpu;
    return choose_devices(run, workers, questions_);
  }
  std::string refusal(const std::string& device) const {
    try {
      return "not refused: " + chosen(device).text;
    } catch (const InputError& e) {
      return e.what();
    }
  }
  GpuFacts facts_{0, "GPU 0: NVIDIA A (UUID: GPU-a)\nGPU 1: NVIDIA A (UUID: GPU-b)\n", {}};
  std::string lacks_, staging_ = "auto";
  int asked_ = 0;
  DeviceQuestions questions_;
};

TEST_F(Devices, TheCpuAsksNothing) {
  EXPECT_THAT(chosen("cpu").gpus, IsEmpty());
  EXPECT_EQ(asked_, 0);
}

TEST_F(Devices, AutoTakesEveryGpuOnce) {
  EXPECT_THAT(chosen("auto").gpus, SizeIs(2));
  EXPECT_EQ(chosen("auto").text, "CUDA, 2 trainers on GPU-a, GPU-b (NVIDIA A)");
}

TEST_F(Devices, AutoSaysWhyItIsTheCpu) {
  lacks_ = "the trainer's LibTorch was built without CUDA";
  EXPECT_THAT(chosen("auto").gpus, IsEmpty());
  EXPECT_EQ(chosen("auto").text, "CPU (nvidia-smi -L lists 2, but the trainer's LibTorch was built without CUDA)");
  facts_ = {127, "", {}};
  EXPECT_EQ(chosen("auto").text, "CPU (nvidia-smi is not installed)");
}

TEST_F(Devices, CudaThatCannotBeHadIsRefusedWithWhatWasLookedFor) {
  lacks_ = "this trainer cannot";
  EXPECT_THAT(refusal("cuda"), AllOf(StartsWith("train.device = cuda"), HasSubstr("this trainer cannot")));
  facts_ = {0, facts_.listing, "7"};
  EXPECT_THAT(refusal("cuda"), HasSubstr("CUDA_VISIBLE_DEVICES='7' leaves 0"));
  facts_ = {127, "", {}};
  EXPECT_THAT(refusal("cuda"), HasSubstr("nvidia-smi is not installed"));
}

TEST_F(Devices, StagingOverNcclOnTheCpuIsRefused) {
  staging_ = "nccl";
  EXPECT_THAT(chosen("auto").gpus, SizeIs(2));
  EXPECT_THAT(refusal("cpu"), AllOf(StartsWith("train.staging = nccl"), HasSubstr("as configured")));
  facts_ = {127, "", {}};
  EXPECT_THAT(refusal("auto"), AllOf(StartsWith("train.staging = nccl"), HasSubstr("nvidia-smi is not installed")));
  EXPECT_THAT(refusal("cuda"), StartsWith("train.device = cuda"));
}

TEST_F(Devices, TooManyTrainersAreRefusedForAutoToo) {
  EXPECT_THROW(chosen("auto", 3), InputError);
  questions_.local = {0, 3};
  EXPECT_THROW(chosen("cuda"), InputError);
}

TEST_F(Devices, SharedGpusAreSaidAndWhetherMpsRuns) {
  EXPECT_THAT(chosen("cuda", 3, 2).text,
              AllOf(StartsWith("CUDA, 3 trainers on GPU-a (x 2), GPU-b (NVIDIA A)"), HasSubstr("MPS is not running")));
}

}  // namespace
}  // namespace mtlgrid

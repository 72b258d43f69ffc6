#include "trainer/training/device.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

const DeviceFacts kGpu{"GPU-a", "NVIDIA A", true, 1};

std::string refusal(const std::string& asked, const DeviceFacts& facts) {
  try {
    return "not refused: " + choose_device(asked, facts).text;
  } catch (const InputError& e) {
    return e.what();
  }
}

TEST(TrainerDevice, IsTheCpuWhereTheRankGaveNoGpu) {
  EXPECT_TRUE(choose_device("auto", {"", "", true, 0}).device.is_cpu());
  EXPECT_EQ(choose_device("cpu", kGpu).text, "cpu");
}

TEST(TrainerDevice, IsNamedByUuidAndModel) {
  for (const char* asked : {"auto", "cuda"}) {
    const TrainerDevice chosen = choose_device(asked, kGpu);
    EXPECT_EQ(chosen.device, at::Device(at::kCUDA, 0));
    EXPECT_EQ(chosen.text, "cuda:GPU-a NVIDIA A");
  }
}

TEST(TrainerDevice, AGpuThatDoesNotWorkIsNeverReplacedByTheCpu) {
  for (const char* asked : {"auto", "cuda"}) {
    EXPECT_THAT(refusal(asked, {"GPU-a", "NVIDIA A", false, 0}), HasSubstr("built without CUDA")) << asked;
    EXPECT_THAT(refusal(asked, {"GPU-a", "NVIDIA A", true, 0}), HasSubstr("CUDA sees none")) << asked;
  }
  EXPECT_THAT(refusal("cuda", {"", "", true, 0}), HasSubstr("given no GPU"));
}

TEST(TrainerDevice, TheCpuHasNoDeviceMemory) { EXPECT_FALSE(memory_of(at::kCPU)); }

TEST(OutOfMemory, NamesTheSizes) {
  const std::string library = "CUDA out of memory. Tried to allocate 2.00 GiB.\nException raised from malloc";
  EXPECT_EQ(describe_out_of_memory(library, "pack 17, bag of 4000 tiles", choose_device("cuda", kGpu),
                                   DeviceMemory{1ull << 30, 80ull << 30}),
            "out of memory on cuda:GPU-a NVIDIA A (1.0 of 80.0 GiB free) at pack 17, bag of 4000 tiles: CUDA out of "
            "memory. Tried to allocate 2.00 GiB.");
  EXPECT_EQ(describe_out_of_memory("no memory", "pack 1", {}, {}), "out of memory on cpu at pack 1: no memory");
}

}  // namespace
}  // namespace mtlgrid

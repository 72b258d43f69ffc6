#include "trainer/training/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <fmt/format.h>

#include <cstdlib>

#include "base/errors.h"
#include "trainer/kernels/gpu_program.h"

namespace mtlgrid {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// hasCUDA() asks whether a GPU is there, hasCUDART() whether the library was built for one.
bool built_with_cuda() { return at::globalContext().hasCUDART(); }

}  // namespace

DeviceFacts device_facts() {
  DeviceFacts facts{variable("CUDA_VISIBLE_DEVICES"), variable("MTLGRID_GPU"), built_with_cuda(), 0};
  if (facts.built && !facts.uuid.empty()) facts.visible = int{at::detail::getCUDAHooks().deviceCount()};
  return facts;
}

TrainerDevice choose_device(const std::string& asked, const DeviceFacts& facts) {
  if (asked == "cpu" || (asked == "auto" && facts.uuid.empty())) return {};
  if (facts.uuid.empty()) throw InputError("train.device = cuda, but this trainer was given no GPU");
  const std::string gpu = fmt::format("{} {}", facts.uuid, facts.name);
  if (!facts.built) throw InputError(fmt::format("given GPU {}, but LibTorch was built without CUDA", gpu));
  if (facts.visible == 0) {
    throw InputError(fmt::format("given GPU {}, but CUDA sees none: is the driver too old for this LibTorch?", gpu));
  }
  return {at::Device(at::kCUDA, 0), "cuda:" + gpu};
}

std::string cuda_lacks() {
  if (!built_with_cuda()) return "the trainer's LibTorch was built without CUDA";
  return gpu::compiler_lacks();
}

TrainerDevice own_device(const std::string& asked) {
  TrainerDevice device = choose_device(asked, device_facts());
  const std::string lacks = device.device.is_cuda() ? cuda_lacks() : "";
  if (!lacks.empty()) throw InputError(device.text + ": " + lacks);
  return device;
}

std::optional<DeviceMemory> memory_of(at::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  try {
    const auto [free, total] = c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index());
    return DeviceMemory{free, total};
  } catch (const c10::Error&) {  // asked after a failure: the context may be gone
    return std::nullopt;
  }
}

std::string describe_out_of_memory(const std::string& library_text, const std::string& sizes,
                                   const TrainerDevice& device, const std::optional<DeviceMemory>& memory) {
  constexpr double kGibibyte = 1 << 30;
  const std::string state =
      memory ? fmt::format(" ({:.1f} of {:.1f} GiB free)", static_cast<double>(memory->free) / kGibibyte,
                           static_cast<double>(memory->total) / kGibibyte)
             : "";
  return fmt::format("out of memory on {}{} at {}: {}", device.text, state, sizes,
                     library_text.substr(0, library_text.find('\n')));
}

}  // namespace mtlgrid

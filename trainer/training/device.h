// The device that a trainer computes on: its rank's choice, checked. Compiled without CUDA's headers.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

namespace mtlgrid {

// What a trainer knows about its device; tests construct their own.
struct DeviceFacts {
  std::string uuid, name;  // of the GPU its rank gave it (CUDA_VISIBLE_DEVICES, MTLGRID_GPU); empty: none
  bool built = false;      // LibTorch was built with CUDA and its libraries are linked
  int visible = 0;         // GPUs that CUDA sees
};
DeviceFacts device_facts();

struct TrainerDevice {
  at::Device device = at::kCPU;
  std::string text = "cpu";  // as stored with an attempt: "cpu", or "cuda:UUID NAME"
};
// `asked` is RunSettings::device. `auto` is the GPU that the rank assigned, or the CPU if it assigned none. That is the
// rank's decision: an assigned GPU that does not work is an error, never a reason to use the CPU. Throws InputError
// that says what is missing.
TrainerDevice choose_device(const std::string& asked, const DeviceFacts& facts);

// Why this trainer could not compute on a GPU if it were assigned one; empty if it could. Does not touch a GPU.
std::string cuda_lacks();

// This process's device: choose_device() of its own facts. Throws InputError also where it cannot compute on its GPU.
TrainerDevice own_device(const std::string& asked);

struct DeviceMemory {
  std::uint64_t free = 0, total = 0;  // bytes
};
// Memory of a GPU, including use by other processes; nullopt for the CPU, or if the driver does not report it.
std::optional<DeviceMemory> memory_of(at::Device device);

// Text for a cell that ran out of memory: the library's first line, what was being computed (`sizes`: bag, pack,
// model), what the device has, and what helps.
std::string describe_out_of_memory(const std::string& library_text, const std::string& sizes,
                                   const TrainerDevice& device, const std::optional<DeviceMemory>& memory);

}  // namespace mtlgrid

// Compiles the trainer's kernels for the current GPU (NVRTC) and launches them (CUDA's driver interface). No torch.
//
// Both libraries are opened on first use, so that one trainer works on machines with and without a GPU: NVRTC comes
// with LibTorch's CUDA packages, the driver with the machine.
#pragma once

#include <string>

namespace mtlgrid::gpu {

// Why kernels cannot be compiled here; empty if they can. Touches no GPU.
std::string compiler_lacks();

// Machine code of gpu_kernels.cu for an architecture such as "sm_90", `Real` as double or float. Needs only NVRTC.
// Throws Error(fatal) with the compiler's log.
std::string compile_kernels(const std::string& architecture, bool fp64);

// Threads of a block; the largest numbers of keys and members passed by value. The kernels are compiled with these.
inline constexpr int kThreads = 256, kMaximumKeys = 32, kMaximumMembers = 32;

// Blocks.
struct Grid {
  unsigned x = 1, y = 1, z = 1;
};

// Compiles and loads what a trainer of this precision needs (seconds): float32 trainers take inner products in double.
// The calling thread must have a context, which the first tensor on the GPU makes. Throws Error(fatal).
void prepare(bool fp64);

// Starts a kernel on the calling thread's current GPU, in `stream` (CUDA's handle; null: the default one); it runs
// after what was started there before. `arguments` are pointers to the kernel's arguments in their order, of the
// kernel's own types. Throws Error(fatal) naming the kernel.
void launch(const char* kernel, bool fp64, Grid grid, void* stream, void** arguments);

}  // namespace mtlgrid::gpu

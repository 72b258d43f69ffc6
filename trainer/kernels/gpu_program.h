// Compiles the trainer's kernels for the GPU at hand (NVRTC) and starts them (CUDA's driver interface). No torch.
//
// Both libraries are opened when they are first needed, so that one trainer serves machines with and without a GPU:
// NVRTC comes with LibTorch's CUDA set, the driver with the machine.
#pragma once

#include <string>

namespace mtlgrid::gpu {

// Why kernels cannot be compiled here; empty if they can. Touches no GPU.
std::string compiler_lacks();

// Machine code of gpu_kernels.cu for an architecture such as "sm_90", `Real` as double or float. Needs NVRTC alone.
// Throws Error(fatal) with the compiler's log.
std::string compile_kernels(const std::string& architecture, bool fp64);

// Of every block; most keys and members that a kernel takes by value. The kernels are compiled with these.
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

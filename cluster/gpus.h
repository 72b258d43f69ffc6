// The GPUs of this node, and which trainer gets which. No CUDA call is made: CUDA in a rank would take memory of a GPU
// that the rank does not use, and fail in the trainers if the rank forked. More: docs/gpu.md.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cluster/host.h"

namespace mtlgrid {

// A GPU, or a part of one that MIG made.
struct Gpu {
  std::string uuid;  // "GPU-..." or "MIG-...": as CUDA_VISIBLE_DEVICES takes it
  std::string name;  // "NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3 MIG 1g.10gb"
  int index = 0;     // of the (whole) GPU, in the order of the PCI bus
};

// What the machine says of its GPUs.
struct GpuFacts {
  int status = 0;                      // exit status of `nvidia-smi -L`; 127: there is none; 124: no answer in time
  std::string listing;                 // what it printed, stderr included
  std::optional<std::string> visible;  // CUDA_VISIBLE_DEVICES, which Slurm sets
};
// Asks it: takes some 50 ms with a driver that is loaded, up to seconds with one that is not, 30 s at most.
GpuFacts ask_for_gpus();

// The GPUs this process may use, in the order of CUDA_VISIBLE_DEVICES where that is set, else of the PCI bus. A GPU
// with MIG parts counts as its parts. `looked` says what was looked at and found, for people. CUDA_VISIBLE_DEVICES may
// hold indices or (beginnings of) UUIDs; as for CUDA, what comes after an entry that is no GPU is hidden. Indices are
// taken in the order of the PCI bus, which is what Slurm means by them.
struct FoundGpus {
  std::vector<Gpu> gpus;
  std::string looked;
};
FoundGpus gpus_of(const GpuFacts& facts);

// The GPUs of one rank's trainers, one entry a trainer, out of the `gpus` of its node, where at most `per_gpu` trainers
// share one. `workers`: how many trainers were asked for; absent: as many as fit. A rank's trainers spread over its
// GPUs before they share one. Throws InputError saying what to do where that is too many trainers for the node.
// `gpus` must not be empty.
std::vector<Gpu> gpus_of_trainers(const std::vector<Gpu>& gpus, const LocalRank& local, int per_gpu,
                                  std::optional<int> workers);

// Whether MPS, which lets processes on one GPU compute at the same time, runs on this node, in words for people.
// `pipes`: $CUDA_MPS_PIPE_DIRECTORY; `processes`: where the kernel shows processes.
std::string mps_state(const std::filesystem::path& pipes, const std::filesystem::path& processes = "/proc");
std::filesystem::path mps_pipes();  // $CUDA_MPS_PIPE_DIRECTORY, else /tmp/nvidia-mps

}  // namespace mtlgrid

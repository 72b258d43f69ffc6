// The GPUs of this node, and their assignment to trainers. Makes no CUDA calls: CUDA in a rank would take memory of a
// GPU that the rank does not use, and fail in the trainers if the rank forked. More: docs/gpu.md.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cluster/host.h"

namespace mtlgrid {

// A GPU, or a MIG part of one.
struct Gpu {
  std::string uuid;  // "GPU-..." or "MIG-...": as CUDA_VISIBLE_DEVICES takes it
  std::string name;  // "NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3 MIG 1g.10gb"
  int index = 0;     // of the (whole) GPU, in the order of the PCI bus
};

// What the machine reports about its GPUs.
struct GpuFacts {
  int status = 0;                      // exit status of `nvidia-smi -L`; 127: not installed; 124: no answer in time
  std::string listing;                 // what it printed, stderr included
  std::optional<std::string> visible;  // CUDA_VISIBLE_DEVICES, which Slurm sets
};
// Runs `nvidia-smi -L`: about 50 ms if the driver is loaded, up to seconds if it is not. It is killed after 35 s, and
// where not even that ends it (the driver hangs) it is left alone after `limit` seconds.
GpuFacts ask_for_gpus(double limit = 40);

// The GPUs this process may use, in the order of CUDA_VISIBLE_DEVICES where that is set, else of the PCI bus. A GPU
// with MIG parts counts as its parts. `looked` describes what was searched and found, for people. CUDA_VISIBLE_DEVICES
// may hold indices or (prefixes of) UUIDs; as in CUDA, entries after one that is not a GPU are hidden. Indices follow
// the order of the PCI bus, as in Slurm.
struct FoundGpus {
  std::vector<Gpu> gpus;
  std::string looked;
};
FoundGpus gpus_of(const GpuFacts& facts);

// The GPUs of one rank's trainers, one entry a trainer, out of the `gpus` of its node, where at most `per_gpu` trainers
// share one. `wanted`: the requested number of trainers; absent: as many as fit. A rank's trainers use all of its GPUs
// before they share one. Throws InputError that says what to do if the node has no room for so many trainers.
// `gpus` must not be empty.
std::vector<Gpu> gpus_of_trainers(const std::vector<Gpu>& gpus, const LocalRank& local, int per_gpu,
                                  std::optional<int> wanted);

// Describes for people whether MPS, which lets processes on one GPU compute at the same time, runs on this node.
// `pipes`: $CUDA_MPS_PIPE_DIRECTORY; `processes`: the folder of the kernel's process information.
std::string mps_state(const std::filesystem::path& pipes, const std::filesystem::path& processes = "/proc");
std::filesystem::path mps_pipes();  // $CUDA_MPS_PIPE_DIRECTORY, else /tmp/nvidia-mps

}  // namespace mtlgrid

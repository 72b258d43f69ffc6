// Facts about this machine and this job.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mtlgrid {

std::string host_name();
// Cores this process may run on (sched_getaffinity), ascending.
std::vector<int> allowed_cpus();
// This rank's number among the ranks of its node and how many there are (OMPI_COMM_WORLD_LOCAL_RANK / _SIZE, or srun's
// SLURM_LOCALID, SLURM_NODEID and SLURM_STEP_TASKS_PER_NODE); 0 of 1 outside mpirun and srun.
struct LocalRank {
  int rank = 0, size = 1;
};
LocalRank local_rank();
// The share of `cpus` that belongs to local rank r of n: contiguous, sizes differing by at most one; with fewer cores
// than ranks, ranks share (round robin). Throws Error(fatal) unless 0 <= r < n.
std::vector<int> share_of(const std::vector<int>& cpus, const LocalRank& local);
// The same rule for GPUs: with fewer GPUs than ranks, ranks share.
std::vector<std::string> share_of(const std::vector<std::string>& gpus, const LocalRank& local);
// The GPUs this process may use, each as a value of CUDA_VISIBLE_DEVICES for a process that is to see it alone: what
// that variable names here (indices or UUIDs, up to a -1), or, where it is not set, "0" ... "n-1" with n counted from
// the driver's folders. No CUDA call is made. A GPU split by MIG counts as one.
std::vector<std::string> visible_gpus(const std::filesystem::path& driver = "/proc/driver/nvidia/gpus",
                                      const std::filesystem::path& devices = "/dev");
// The version of the NCCL library found at run time, e.g. "2.28.9"; nullopt where there is none, or where the program
// was built without its header.
std::optional<std::string> nccl_version();

}  // namespace mtlgrid

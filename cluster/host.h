// Facts about this machine and this job.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mtlgrid {

std::string host_name();
// Cores this process may run on (sched_getaffinity), ascending.
std::vector<int> allowed_cpus();
// This rank's number among the ranks of its node, and their count (OMPI_COMM_WORLD_LOCAL_RANK / _SIZE, or srun's
// SLURM_LOCALID, SLURM_NODEID and SLURM_STEP_TASKS_PER_NODE); 0 of 1 outside mpirun and srun.
struct LocalRank {
  int rank = 0, size = 1;
};
LocalRank local_rank();
// The share of `all` (cores, say) that belongs to local rank r of n: contiguous, sizes differing by at most one; with
// fewer than ranks, ranks share (round robin). Throws Error(fatal) unless 0 <= r < n.
std::vector<int> share_of(const std::vector<int>& all, const LocalRank& local);
// The version of the NCCL library found at run time, e.g. "2.28.9"; nullopt if there is none, or if the program was
// built without its header. Throws Error(fatal) if that library is not NCCL.
std::optional<std::string> nccl_version();

}  // namespace mtlgrid

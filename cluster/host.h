// Facts about this machine and this job.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mtlgrid {

std::string host_name();
// Cores this process may run on (sched_getaffinity), ascending.
std::vector<int> allowed_cpus();
// This rank's number among the ranks of its node and how many there are (OMPI_COMM_WORLD_LOCAL_RANK / _SIZE,
// SLURM_LOCALID); 0 of 1 outside mpirun.
struct LocalRank {
  int rank = 0, size = 1;
};
LocalRank local_rank();
// The share of `cpus` that belongs to local rank r of n: contiguous, sizes differing by at most one; with fewer cores
// than ranks, ranks share (round robin).
std::vector<int> share_of(const std::vector<int>& cpus, const LocalRank& local);
// NCCL's version where the program was built with it.
std::optional<std::string> nccl_version();

}  // namespace mtlgrid

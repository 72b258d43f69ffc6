// How many CPUs this rank may use: binding, the batch system and the container have a say.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/host.h"

namespace mtlgrid {

// What is asked of the machine; tests answer instead.
struct CpuQuestions {
  std::vector<int> affinity = allowed_cpus();
  LocalRank local = local_rank();
  std::function<std::optional<std::string>(const char*)> variable;  // of the environment; empty: this process's
  std::filesystem::path root = "/";                                 // where proc and sys are
};

struct RankCpus {
  int count = 1;          // that this rank may use, at least 1
  std::vector<int> bind;  // their numbers; empty where they are fewer than the affinity has and nobody says which
  std::string
      reason;  // for people: what allows so many, e.g. "4 of this node's 64 CPUs: SLURM_CPUS_PER_TASK = 4 for 1 task"
};

// The smallest of these limits of the node, divided between its ranks (share_of):
//   - the CPUs that the process may run on (sched_getaffinity);
//   - SLURM_CPUS_PER_TASK for each of the job's tasks on this node (SLURM_TASKS_PER_NODE, at least the ranks that are
//     here), since Slurm does not bind tasks everywhere;
//   - the CPUs that the job has on this node (SLURM_JOB_CPUS_PER_NODE, or SLURM_CPUS_ON_NODE);
//   - the CPU quota of the control group (cgroup_quota), rounded down.
// Variables that are not positive numbers count as absent. Where a job's nodes differ and Slurm's number of this node
// is not known, because mpirun's daemon starts the ranks, the largest entry of its lists counts.
RankCpus rank_cpus(const CpuQuestions& questions = {});

}  // namespace mtlgrid

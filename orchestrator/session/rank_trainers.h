// How many trainers a rank has, and on which CPUs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/gpus.h"
#include "cluster/rank_cpus.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

struct RankTrainers {
  int count = 1;
  std::vector<int> bind;  // the rank's CPUs, which its trainers divide; empty: they are not bound
  std::string text;       // for people: how many and why, one line
};

// One for each of `gpus`, one entry a trainer; without any, `wanted` or else the rank's CPUs / `run.threads`. More than
// the CPUs have room for share them unbound, instead of queueing on one.
RankTrainers rank_trainers(const RunSettings& run, std::optional<int> wanted, const std::vector<Gpu>& gpus,
                           const RankCpus& cpus);

}  // namespace mtlgrid

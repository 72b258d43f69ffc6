// Staging: every cohort's features are read by one trainer of one node and broadcast to the GPUs of all, once, before
// the first cell. Torch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "trainer/nccl/broadcaster.h"
#include "trainer/training/device_bags.h"

namespace mtlgrid {

// The cohort with this number among the used ones is read by the first trainer of node (number mod nodes). `nodes` has
// the node of each trainer, numbered from 0 without gaps; throws Error(fatal) otherwise.
int staging_root(const std::vector<int>& nodes, int cohort);

struct StagingResult {
  int cohorts = 0, skipped = 0;  // broadcast completely; left out because some trainer has no room for them
  std::uint64_t bytes = 0;       // of the former
  std::string error;             // why it ended early; empty: it did not
};

// Makes the same calls on every trainer of the communicator that `join` creates. First the roots read their cohorts,
// all at the same time: through the node's bag file if there is only one node, which needs all of it, else from the
// feature files. Then, one cohort after the other: the numbers of tiles of its patients, whether all have room, and the
// tiles in parts of at most 256 MiB. A patient whose files cannot be read is left out; the cell that wants it gets the
// reason.
//
// Never throws because of the communicator, files or memory: `error` says what happened, in one line. Cohorts that were
// complete by then stay in `bags`; the others are dropped. The remaining trainers notice at their deadline
// (`patience`).
StagingResult stage_bags(const Experiment& experiment, BagCache& cache, DeviceBags& bags, const std::vector<int>& nodes,
                         const std::function<std::unique_ptr<Broadcaster>()>& join, const Patience& patience);

}  // namespace mtlgrid

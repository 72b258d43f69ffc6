// What a rank of a rehearsal says of its node.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/rehearsal/rehearsal_messages.h"
#include "orchestrator/session/session.h"

namespace mtlgrid {

// The answer to "facts".
struct NodeFacts {
  std::string host, devices, mps, error, probe_error;
  int cores = 0;
  std::uint64_t open_files = 0;
  bool device_missing = false, content_seen = false, flock = false, fcntl = false;
  std::string temporary;
  double temporary_free = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NodeFacts, host, devices, mps, error, probe_error, cores, open_files, device_missing,
                                   content_seen, flock, fcntl, temporary, temporary_free)

// Of this rank, whose trainers would be made with `options`.
NodeFacts node_facts_here(const Rehearse& asked, const TrainerOptions& options);

}  // namespace mtlgrid

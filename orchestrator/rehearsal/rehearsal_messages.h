// What rank 0 and the workers say to each other in a rehearsal alone: messages that the session leaves to its guests
// (docs/messages.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "trainer/contract/experiment.h"

namespace mtlgrid {

// To a worker. `order`: "facts" (of its node), "ping", "kill_trainer", or "die" (SIGKILL to itself, no answer). The
// answer is Rehearsed, with the same order and the sender's `sent`.
struct Rehearse {
  static constexpr const char* kType = "rehearse";
  std::string order;
  double sent = 0;      // coordinator's wall clock
  std::string probe{};  // for facts: a file that rank 0 holds locks on, and what is in it
  std::string content{};
  RunSettings run{};  // for facts
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rehearse, order, sent, probe, content, run)

// To the coordinator.
struct Rehearsed {
  static constexpr const char* kType = "rehearsed";
  std::string order;
  double sent = 0, wall = 0;  // the worker's wall clock
  nlohmann::json facts{};     // for facts: NodeFacts; for kill_trainer: the slot, or -1
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rehearsed, order, sent, wall, facts)

}  // namespace mtlgrid

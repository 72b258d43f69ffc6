// What came of a rehearsal's steps: the steps write it, the report reads it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "orchestrator/rehearsal/node_facts.h"
#include "orchestrator/rehearsal/rehearsal_checks.h"

namespace mtlgrid {

// Short, so that a rehearsal takes minutes; the report says what the configuration's would be.
inline constexpr double kRehearsedHeartbeat = 1, kRehearsedLease = 10;

// All times are seconds.
struct RehearsalRecord {
  int ranks = 1;
  std::map<int, NodeFacts> facts;                  // of each rank
  std::map<int, ClockSkew> skews;                  // of each rank but 0
  std::map<int, int> slots;                        // trainers of each rank
  std::set<std::pair<int, int>> ready;             // ranks and slots
  double last_ready = 0;                           // since the rehearsal began
  std::optional<int> victim;                       // the rank of the trainer that was killed
  double trainer_back = 0, trainer_cell_done = 0;  // after the kill, as below
  bool rank_killed = false;
  double lost_at = 0, rank_recovered = 0;
  bool stop_begun = false;  // the last step was reached
  double stop_began = 0;    // steady
  std::set<int> left;       // ranks that heard of the stop
  std::string parent;       // the program whose child rank 0 is
  bool signalled = false, given_up = false, interrupted = false, interrupted_by_loss = false;

  // Of all ranks.
  int trainers() const {
    int all = 0;
    for (const auto& [rank, count] : slots) all += count;
    return all;
  }
};

}  // namespace mtlgrid

// Faults at random times in simulated jobs, and the account of what they did.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/orchestrator/simulation/simulation.h"

namespace mtlgrid::simulation {

enum class Fault {
  trainer_killed,
  trainers_of_node_killed,
  rank_killed,
  rank_0_killed,
  rank_frozen_briefly,       // for less than its lease
  rank_frozen_beyond_lease,  // comes back after its cells were given to others
  rank_0_frozen,
  node_lost,
  network_cut_briefly,
  network_cut_beyond_lease,
  network_cut_for_good,
  walltime,        // USR1 to every rank, begun again
  killed_at_once,  // scancel without grace
  clock_jump,
  messages_delayed,
  count,
};
const char* name_of(Fault fault);

// What became of the faults of one kind.
struct FaultAccount {
  int faults = 0;          // that found something to break
  int attempts_ended = 0;  // attempts begun again after it
  double most_lost = 0;    // seconds of a cell's work that were done again, the largest
  double lost = 0;         // sum
};

struct ChaosReport {
  int runs = 0, broken_runs = 0, jobs = 0;
  std::uint64_t events = 0, cells = 0, culprits = 0, done = 0, failed = 0, excused = 0;
  std::uint64_t results = 0, late_results = 0, attempts = 0, lost_rows = 0, doubled_rows = 0;
  double checkpoint_every = 0, most_lost_promised = 0, virtual_hours = 0;
  std::map<std::string, FaultAccount> faults;
  std::vector<std::string> violations;  // each with its run
};

// One run: a grid of short cells, some of them culprits, with several faults. Everything follows from seed and run.
void chaos_run(unsigned seed, int run, ChaosReport& report);
// Prints what the coordinators of that run said and every fault, for looking into a violation.
void tell_chaos_run(unsigned seed, int run);

}  // namespace mtlgrid::simulation

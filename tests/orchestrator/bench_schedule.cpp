// How near the schedule of the paper's 595 cells comes to the shortest possible one, by numbers of workers: makespan
// over the larger of the longest cell and all work divided by the workers, through the real coordinator in virtual
// time.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tests/orchestrator/simulation.h"

namespace mtlgrid::simulation {
namespace {

struct Outcome {
  double ratio, longest_over_share;
};

Outcome run(unsigned seed, int workers, Estimate estimate) {
  const SimulatedGrid grid(paper_cells(seed, estimate));
  SimulatedStore store(grid);
  SimulationSettings settings;
  settings.ranks = workers;
  settings.cluster.heartbeat_seconds = 30;
  settings.check_state = false;
  Simulation simulation(grid, settings, seed, store);
  simulation.run_to_the_end(1e9, [] { return 1.0; });
  double longest = 0, total = 0;
  for (const SimulatedCell& cell : grid.cells()) {
    longest = std::max(longest, cell.seconds);
    total += cell.seconds;
  }
  simulation.check_end();
  for (const std::string& what : simulation.violations()) fmt::print("VIOLATION {}\n", what);
  const double share = total / workers;
  return {(simulation.last_result() - simulation.first_ready()) / std::max(longest, share), longest / share};
}

void table(const char* title, Estimate estimate, int seeds) {
  fmt::print("{}\n{:>8} {:>8} {:>8} {:>28}\n", title, "workers", "mean", "worst", "longest cell / mean share");
  for (const int workers : {8, 16, 32, 64, 128, 1024}) {
    double sum = 0, worst = 0, longest = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
      const Outcome outcome = run(static_cast<unsigned>(seed), workers, estimate);
      sum += outcome.ratio;
      worst = std::max(worst, outcome.ratio);
      longest += outcome.longest_over_share;
    }
    fmt::print("{:>8} {:>8.3f} {:>8.3f} {:>28.2f}\n", workers, sum / seeds, worst, longest / seeds);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace mtlgrid::simulation

int main(int argc, char** argv) {
  using namespace mtlgrid::simulation;
  const int seeds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 10;
  table("estimates off by 25 %: makespan / lower bound", Estimate::learned, seeds);
  table("the guess for all epochs, before there is data", Estimate::prior, seeds);
}

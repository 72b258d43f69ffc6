// How near the schedule of the paper's 595 cells comes to the shortest possible one, by numbers of workers: makespan
// over a lower bound, through the real coordinator in virtual time.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tests/orchestrator/simulation.h"

namespace mtlgrid::simulation {
namespace {

struct Setup {
  const char* title;
  const char* device;
  Estimate estimate;
  int largest_pack;  // that trainers on this device are given
};

// Seconds of cells' work, each as if alone, that a trainer does in a second with so many of them.
double speed(double members, const TrainerHabits& trainers) {
  return members < 1 ? members : members / (1 + (members - 1) * trainers.pack_cost);
}

struct Bound {
  double longest = 0;  // seconds of the longest cell alone
  double share = 0;    // of all work: what is done in a second is most while all cells are in equal packs
  double least() const { return std::max(longest, share); }
};

Bound bound(const SimulatedGrid& grid, int workers, int largest_pack, const TrainerHabits& trainers) {
  Bound bound;
  for (const SimulatedCell& cell : grid.cells()) {
    bound.longest = std::max(bound.longest, cell.seconds);
    bound.share += cell.seconds;
  }
  const double members = std::min<double>(largest_pack, static_cast<double>(grid.size()) / workers);
  bound.share /= workers * speed(members, trainers);
  return bound;
}

struct Outcome {
  double ratio, longest_over_share;
};

Outcome run(unsigned seed, int workers, const Setup& setup) {
  const SimulatedGrid grid(paper_cells(seed, setup.estimate));
  SimulatedStore store(grid);
  SimulationSettings settings;
  settings.ranks = workers;
  settings.cluster.heartbeat_seconds = 30;
  settings.trainers.device = setup.device;
  settings.check_state = false;
  Simulation simulation(grid, settings, seed, store);
  simulation.run_to_the_end(1e9, [] { return 1.0; });
  simulation.check_end();
  for (const std::string& what : simulation.violations()) fmt::print("VIOLATION {}\n", what);
  const Bound least = bound(grid, workers, setup.largest_pack, settings.trainers);
  return {(simulation.last_result() - simulation.first_ready()) / least.least(), least.longest / least.share};
}

void table(const Setup& setup, int seeds) {
  fmt::print("{}\n{:>8} {:>8} {:>8} {:>28}\n", setup.title, "workers", "mean", "worst", "longest cell / mean share");
  for (const int workers : {8, 16, 32, 64, 128, 1024}) {
    double sum = 0, worst = 0, longest = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
      const Outcome outcome = run(static_cast<unsigned>(seed), workers, setup);
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
  table({"estimates off by 25 %: makespan / lower bound", "cpu", Estimate::learned, 1}, seeds);
  table({"the guess for all epochs, before there is data", "cpu", Estimate::prior, 1}, seeds);
  table({"packs on GPUs, estimates off by 25 %", "cuda", Estimate::learned, mtlgrid::kLargestPack}, seeds);
}

// How near the schedule of the paper's 595 cells comes to the shortest possible one, by numbers of workers: makespan
// over a lower bound, through the real coordinator in virtual time.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>

#include "tests/orchestrator/simulation/simulation.h"

namespace mtlgrid::simulation {
namespace {

// How long trainers take for cells that alone would take so many seconds, all in one pack from the first to the last:
// the longest cell's time, and for every second of another one beside it `pack_cost`. No other packs take less.
double seconds_in_one_pack(double longest, double sum, const TrainerHabits& trainers) {
  return longest + trainers.pack_cost * (sum - longest);
}

// Seconds of cells' work that a trainer does in a second with so many of them, on average.
double speed(double members, const TrainerHabits& trainers) {
  return members < 1 ? members : members / (1 + (members - 1) * trainers.pack_cost);
}

// No schedule is shorter. One cell takes as long as alone; all together take what they do in equal packs to the last
// second, and what every group takes in one pack, shared out.
double least_seconds(const SimulatedGrid& grid, int workers, bool packs, const TrainerHabits& trainers) {
  struct Group {
    double longest = 0, sum = 0;
  };
  std::map<std::tuple<std::string, std::string, int>, Group> groups;
  double longest = 0, sum = 0, by_groups = 0;
  for (const SimulatedCell& cell : grid.cells()) {
    Group& group = groups[{cell.cell.biomarker, cell.cell.auxiliary, cell.cell.fold}];
    group.longest = std::max(group.longest, cell.seconds);
    group.sum += cell.seconds;
    longest = std::max(longest, cell.seconds);
    sum += cell.seconds;
  }
  if (!packs) return std::max(longest, sum / workers);
  for (const auto& [key, group] : groups) by_groups += seconds_in_one_pack(group.longest, group.sum, trainers);
  const double members = std::min<double>(largest_pack(), static_cast<double>(grid.size()) / workers);
  return std::max({longest, by_groups / workers, sum / (workers * speed(members, trainers))});
}

// As if all cells that are left were shared out evenly at every moment, whatever their group and for nothing.
double seconds_if_shared_evenly(const SimulatedGrid& grid, int workers, const TrainerHabits& trainers) {
  std::vector<double> cells;
  for (const SimulatedCell& cell : grid.cells()) cells.push_back(cell.seconds);
  std::sort(cells.begin(), cells.end());
  double seconds = 0, before = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto left = static_cast<double>(cells.size() - i);
    const double members = std::min<double>(largest_pack(), left / workers);
    seconds += (cells[i] - before) * left / (workers * speed(members, trainers));
    before = cells[i];
  }
  return seconds;
}

struct Setup {
  const char* title;
  Estimate estimate;
  bool packs;  // on GPUs; without, CPUs
};

struct Outcome {
  double ratio, shared_evenly;  // over the lower bound
};

Outcome run(unsigned seed, int workers, const Setup& setup) {
  const SimulatedGrid grid(paper_cells(seed, setup.estimate));
  SimulatedStore store(grid);
  SimulationSettings settings;
  settings.ranks = workers;
  settings.cluster.heartbeat_seconds = 30;
  settings.trainers.device = setup.packs ? "cuda" : "cpu";
  settings.check_state = false;
  Simulation simulation(grid, settings, seed, store);
  simulation.run_to_the_end(1e9, [] { return 1.0; });
  simulation.check_end();
  for (const std::string& what : simulation.violations()) fmt::print("VIOLATION {}\n", what);
  const double least = least_seconds(grid, workers, setup.packs, settings.trainers);
  return {(simulation.last_result() - simulation.first_ready()) / least,
          seconds_if_shared_evenly(grid, workers, settings.trainers) / least};
}

void table(const Setup& setup, int seeds) {
  fmt::print("{}\n{:>8} {:>8} {:>8}{}\n", setup.title, "workers", "mean", "worst",
             setup.packs ? "  shared evenly" : "");
  for (const int workers : {8, 16, 32, 64, 128, 1024}) {
    double sum = 0, worst = 0, evenly = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
      const Outcome outcome = run(static_cast<unsigned>(seed), workers, setup);
      sum += outcome.ratio;
      worst = std::max(worst, outcome.ratio);
      evenly += outcome.shared_evenly;
    }
    fmt::print("{:>8} {:>8.3f} {:>8.3f}", workers, sum / seeds, worst);
    fmt::print("{}\n", setup.packs ? fmt::format("{:>15.3f}", evenly / seeds) : "");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace mtlgrid::simulation

int main(int argc, char** argv) {
  using namespace mtlgrid::simulation;
  const int seeds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 10;
  table({"estimates off by 25 %: makespan / lower bound", Estimate::learned, false}, seeds);
  table({"the guess for all epochs, before there is data", Estimate::prior, false}, seeds);
  table({"packs on GPUs, estimates off by 25 %", Estimate::learned, true}, seeds);
}

#include "tests/orchestrator/simulation/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orchestrator/simulation/chaos.h"

namespace mtlgrid::simulation {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kLongestRun = 86'400;

SimulatedGrid small_grid() {
  std::mt19937 random(7);
  return SimulatedGrid(short_cells(random, 4));
}

// Runs a grid to its end without faults of ours and gives what the checks say.
std::vector<std::string> violations_with(const SimulatedGrid& grid, SimulatedStore& store) {
  Simulation simulation(grid, {}, 1, store);
  simulation.run_to_the_end(kLongestRun, [] { return 1.0; });
  simulation.check_end();
  return simulation.violations();
}

TEST(Simulation, UndisturbedRunDoesEveryCellInOneAttempt) {
  const SimulatedGrid grid = small_grid();
  SimulatedStore store(grid);
  EXPECT_THAT(violations_with(grid, store), IsEmpty());
  for (std::size_t cell = 0; cell < grid.size(); ++cell) EXPECT_EQ(store.row(cell).result_attempt, 1);
}

struct ForgetfulStore : SimulatedStore {
  using SimulatedStore::SimulatedStore;
  bool commit_result(const CellResult& result) override {
    return ++results == 5 ? true : SimulatedStore::commit_result(result);
  }
  int results = 0;
};

TEST(Simulation, ResultThatTheStoreDropsIsFound) {
  const SimulatedGrid grid = small_grid();
  ForgetfulStore store(grid);
  EXPECT_THAT(violations_with(grid, store), Contains(HasSubstr("is lost")));
}

TEST(Simulation, ResultUnderAnAttemptThatNeverBeganIsFound) {
  const SimulatedGrid grid = small_grid();
  SimulatedStore store(grid);
  CellResult result;
  result.cell = grid[0].cell;
  result.attempt = 7;
  store.commit_result(result);
  EXPECT_THAT(store.violations(), Contains(HasSubstr("never began")));
}

TEST(Simulation, ResultOfACellThatAnotherRankHasIsRefused) {
  const SimulatedGrid grid = small_grid();
  SimulatedStore store(grid);
  Simulation simulation(grid, {}, 1, store);
  Job& job = simulation.begin_job();
  simulation.run([&] { return simulation.results_arrived() > 0; }, kLongestRun);
  CellResult forged;
  forged.cell = grid[0].cell;
  forged.attempt = 7;
  job.ranks()[1]->to_coordinator().send(CellFinished{0, 1, forged}, 0);
  simulation.run([&] { return job.end() != Job::End::running; }, kLongestRun);
  EXPECT_THAT(store.violations(), IsEmpty());
}

TEST(Simulation, ResultReportedTwiceIsFound) {
  const SimulatedGrid grid = small_grid();
  SimulatedStore store(grid);
  store.begin_attempt(grid[0].cell, 1, {}, 0);
  CellResult result;
  result.cell = grid[0].cell;
  result.attempt = 1;
  store.commit_result(result);
  store.commit_result(result);
  EXPECT_THAT(store.violations(), Contains(HasSubstr("a result twice")));
}

TEST(Simulation, TurnThatIsLostNeverHappened) {
  const SimulatedGrid grid = small_grid();
  SimulatedStore store(grid);
  store.begin_attempt(grid[0].cell, 1, {}, 0);
  store.lose_turn();
  EXPECT_TRUE(store.row(0).attempts.empty());
}

TEST(Simulation, RandomFaultsLoseAndDoubleNothing) {
  ChaosReport report;
  for (int run = 0; run < 50; ++run) chaos_run(2, run, report);
  EXPECT_THAT(report.violations, IsEmpty());
}

}  // namespace
}  // namespace mtlgrid::simulation

// The coordinator with very many workers and cells in virtual time, and opening a store of that many cells.
// Usage: scale [WORKERS CELLS]
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "balancers/methods/registry.h"
#include "results/store/store.h"
#include "tests/orchestrator/simulation/simulation.h"

namespace mtlgrid::simulation {
namespace {

constexpr int kCellsABatch = 256;  // as many messages as a turn of the event loop takes in

double peak_mb() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

class Timer {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

Cell cell_of(int i) {
  const auto& all = methods();
  const int n = static_cast<int>(all.size());
  return {"MSI", "LF", all[static_cast<std::size_t>(i % n)].name, i / n};
}

void coordinator(int workers, int cells) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> seconds(60, 600);
  std::vector<SimulatedCell> made;
  for (int i = 0; i < cells; ++i) {
    SimulatedCell cell;
    cell.cell = cell_of(i);
    cell.seconds = cell.expected = seconds(random);
    made.push_back(std::move(cell));
  }
  const SimulatedGrid grid(std::move(made));
  SimulatedStore store(grid);
  SimulationSettings settings;
  settings.ranks = workers;
  settings.cluster.heartbeat_seconds = 60;
  settings.cluster.lease_minutes = 10;
  settings.check_state = settings.keep_folders = false;
  Simulation simulation(grid, settings, 1, store);
  const double before = peak_mb();
  const Timer timer;
  simulation.run_to_the_end(1e9, [] { return 1.0; });
  const double wall = timer.seconds();
  simulation.check_end();
  fmt::print("{} workers, {} cells: {:.1f} s, {} events, {:.0f} a second, {:.1f} us a cell\n", workers, cells, wall,
             simulation.events().happened(), static_cast<double>(simulation.events().happened()) / wall,
             1e6 * wall / cells);
  fmt::print("peak memory {:.0f} MB, of it {:.0f} before there were workers and a coordinator\n", peak_mb(), before);
  for (const std::string& what : simulation.violations()) fmt::print("VIOLATION {}\n", what);
}

CellResult small_result(const Cell& cell) {
  CellResult result;
  result.cell = cell;
  result.attempt = 1;
  result.environment = {"node1", "cpu", "cpu", "0.1.0", "torch", 0, 1, 1, ""};
  result.best_epoch = 1;
  result.epochs.push_back({1, 0.5, 0.1, 0.6, 0.1, 1, 1, 1.5});
  for (const char* metric : {"auroc", "auprc"}) result.metrics.push_back({"test", metric, 0.7, 0.6, 0.8, 100, 0, ""});
  return result;
}

// Results are small ones (an epoch, two metrics): what is measured goes with the number of cells.
void resume(const std::filesystem::path& folder, int cells) {
  const auto quiet = [](const std::string&) {};
  GridRecord grid;
  grid.identity = "scale";
  for (int i = 0; i < cells; ++i) grid.cells.push_back(cell_of(i));
  const std::filesystem::path file = folder / fmt::format("{}.db", cells);
  {
    Store store = Store::open(file, quiet, 25);
    const Timer registering;
    store.use_grid(grid);
    fmt::print("{} cells: registered in {:.2f} s\n", cells, registering.seconds());
    const Timer committing;
    for (int i = 0; i < cells / 2; ++i) {
      if (i % kCellsABatch == 0) store.begin_batch();
      const Cell& cell = grid.cells[static_cast<std::size_t>(i)];
      store.begin_attempt(cell, 1, {}, 0);
      store.commit_result(small_result(cell));
      if ((i + 1) % kCellsABatch == 0 || i + 1 == cells / 2) store.commit_batch();
    }
    fmt::print("{} results committed in {:.2f} s\n", cells / 2, committing.seconds());
  }
  for (const char* what : {"resumed", "resumed after a kill, the database rebuilt"}) {
    const Timer all;
    Store store = Store::open(file, quiet, 25);
    const double opened = all.seconds();
    store.use_grid(grid);
    const double registered = all.seconds();
    const std::size_t known = store.cells().size();
    fmt::print("{}: {:.3f} s (open {:.3f}, grid {:.3f}, {} cells {:.3f}); database {:.0f} MB\n", what, all.seconds(),
               opened, registered - opened, known, all.seconds() - registered,
               1e-6 * static_cast<double>(std::filesystem::file_size(file)));
    std::fflush(stdout);
    { const Store closed(std::move(store)); }
    std::filesystem::remove(file.string() + ".sum");
  }
}

}  // namespace
}  // namespace mtlgrid::simulation

int main(int argc, char** argv) {
  const int workers = argc > 2 ? std::atoi(argv[1]) : 10'000, cells = argc > 2 ? std::atoi(argv[2]) : 1'000'000;
  std::string pattern = (std::filesystem::temp_directory_path() / "mtlgrid-bench-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  mtlgrid::simulation::resume(folder, 595);
  mtlgrid::simulation::resume(folder, cells);
  std::filesystem::remove_all(folder);
  mtlgrid::simulation::coordinator(workers, cells);
}

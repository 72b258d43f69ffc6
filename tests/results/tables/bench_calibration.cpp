// Are the tests and intervals of tables true? Simulated grids (simulated_grid.h), on held-out folds and on an external
// cohort: how often intervals cover the truth, and how often a difference of two methods is called significant where
// there is none, and where there is one. Prints the tables of docs/statistics.md. Usage: calibration [GRIDS] (default
// 1000: about half an hour on two cores)
#include <fmt/format.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "results/tables/cohort_values.h"
#include "results/tables/comparison.h"
#include "tests/results/tables/simulated_grid.h"

namespace mtlgrid {
namespace {

constexpr int kReplicates = 400;
constexpr double kLevel = 0.05;

struct Share {
  int of = 0, all = 0;
  void add(bool one) {
    of += one;
    ++all;
  }
  std::string text() const { return all == 0 ? "–" : fmt::format("{:.1f}", 100.0 * of / all); }
};

// An interval's coverage of the truth over these folds, and over everything.
struct Coverage {
  Share folds, everything;
  void add(double low, double high, double of_folds, double of_everything) {
    folds.add(low <= of_folds && of_folds <= high);
    everything.add(low <= of_everything && of_everything <= high);
  }
  std::string text() const { return folds.text() + " / " + everything.text(); }
};

struct Setting {
  SimulatedGrid grid;
  bool external = false;
  Coverage patients, widest;          // of a method's value: models held fixed, and the default
  Coverage difference, t_difference;  // of the difference
  Share bootstrap_rejects, t_rejects, both_reject;
};

void simulate(Setting& s, int grids) {
  const Metric& auroc_row = metric(kAuroc);
  for (int k = 0; k < grids; ++k) {
    Simulation simulation(s.grid, static_cast<std::uint64_t>(k) + 1);
    const CohortCells cells = simulation.cells(s.external);
    TableOptions options;
    options.resamples = kReplicates;
    const CohortReplicates replicates(cells, options);
    if (replicates.exhausted()) continue;
    const TableValue value = column_of(replicates, auroc_row, std::nullopt, 1).values[0];
    s.widest.add(value.ci_low, value.ci_high, simulation.truth_of_folds(0), simulation.truth(0));
    options.ci = TableCi::patients;
    const TableValue fixed = column_of(CohortReplicates(cells, options), auroc_row, std::nullopt, 1).values[0];
    s.patients.add(fixed.ci_low, fixed.ci_high, simulation.truth_of_folds(0), simulation.truth(0));
    ComparisonOptions comparison;
    comparison.test_over_train = 1.0 / (s.grid.folds - 1);
    const MethodComparison c = compare(replicates, auroc_row, comparison).methods[1];
    const double of_folds = simulation.truth_of_folds(1) - simulation.truth_of_folds(0);
    const double of_everything = simulation.truth(1) - simulation.truth(0);
    s.difference.add(c.ci_low, c.ci_high, of_folds, of_everything);
    s.t_difference.add(c.t.ci_low, c.t.ci_high, of_folds, of_everything);
    s.bootstrap_rejects.add(c.p < kLevel);
    s.t_rejects.add(c.t.p < kLevel);
    s.both_reject.add(c.p < kLevel && c.t.p < kLevel);
  }
}

std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const double other : {0.954, 1.19}) {  // AUROC 0.75 and 0.80
    for (const bool external : {false, true}) {
      for (const std::size_t n : {60, 150, 400}) {
        for (const int repeats : {1, 3, 5, 10}) {
          Setting s;
          s.grid.patients = n;
          s.grid.repeats = repeats;
          s.grid.strength[1] = other;
          s.external = external;
          all.push_back(s);
        }
      }
    }
  }
  return all;
}

void print(const std::vector<Setting>& all) {
  fmt::print(
      "| true difference | cohort | n | repeats | value, patients | value, widest | difference, bootstrap | "
      "difference, t | rejects: bootstrap | t | both |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const Setting& s : all) {
    const Simulation any(s.grid, 1);
    fmt::print("| {:.3f} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", any.truth(1) - any.truth(0),
               s.external ? "external" : "held-out folds", s.grid.patients, s.grid.repeats, s.patients.text(),
               s.widest.text(), s.difference.text(), s.t_difference.text(), s.bootstrap_rejects.text(),
               s.t_rejects.text(), s.both_reject.text());
  }
}

void run(int grids) {
  std::vector<Setting> all = settings();
  const auto work = [&](std::size_t first) {
    for (std::size_t i = first; i < all.size(); i += 2) simulate(all[i], grids);
  };
  {
    const std::jthread other(work, 1);
    work(0);
  }
  fmt::print("{} grids a setting, {} replicates. Coverage in % of the truth over these folds / over everything.\n\n",
             grids, kReplicates);
  print(all);
}

}  // namespace
}  // namespace mtlgrid

int main(int argc, char** argv) {
  const int grids = argc > 1 ? std::atoi(argv[1]) : 1000;
  if (grids < 1) {
    fmt::print(stderr, "calibration: {} is not a positive number of grids\n", argv[1]);
    return 2;
  }
  mtlgrid::run(grids);
  return 0;
}

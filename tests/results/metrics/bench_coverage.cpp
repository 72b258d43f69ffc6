// How often 95 % intervals of an AUROC cover the true one, on simulated cohorts: a cell's percentile bootstrap and
// DeLong's. Prints the table of docs/statistics.md. Usage: coverage [DATA_SETS] (default 5000: about two minutes on
// two cores)
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/results/metrics/binormal.h"

namespace mtlgrid {
namespace {

struct Setting {
  Binormal population;
  CoverageOfBoth result;
};

void print(const char* name, const Setting& s, const Coverage& c, const std::string& redrawn) {
  fmt::print("| {} | {:.2f} | {} | {:.1f} ± {:.1f} | {:.1f} / {:.1f} | {:.3f} | {:.1f} / {:.1f} | {} |\n",
             s.population.patients, s.population.auroc, name, 100 * c.rate(), 100 * c.standard_error(),
             100.0 * c.too_low / c.intervals, 100.0 * (c.intervals - c.covered - c.too_low) / c.intervals,
             c.mean_width(), 100.0 * (c.data_sets - c.intervals) / c.data_sets, 100.0 * c.points / c.intervals,
             redrawn);
}

void run(int data_sets) {
  std::vector<Setting> settings;
  for (std::size_t n : {30, 100, 500}) {
    for (double auroc : {0.6, 0.8, 0.95}) settings.push_back({{n, 0.3, auroc}, {}});
  }
  const BootstrapSettings bootstrap;
  const auto work = [&](std::size_t first) {  // every second setting: two threads, any number of data sets the same
    for (std::size_t i = first; i < settings.size(); i += 2) {
      const RandomStream stream(1, fmt::format("coverage/{}", i));
      settings[i].result = coverage_of(settings[i].population, data_sets, bootstrap, stream);
    }
  };
  {
    const std::jthread other(work, 1);
    work(0);
  }
  fmt::print("{} data sets a setting, prevalence 0.3, {} resamples, {:g} % intervals\n\n", data_sets,
             bootstrap.resamples, 100 * bootstrap.confidence);
  fmt::print(
      "| n | AUROC | interval | covers, % | below / above the truth, % | mean width | none / a point, % | redrawn |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (const Setting& s : settings) {
    const double redrawn = static_cast<double>(s.result.redrawn) / s.result.bootstrap.intervals;
    print("bootstrap", s, s.result.bootstrap, fmt::format("{:.2f}", redrawn));
    print("DeLong", s, s.result.delong, "");
  }
}

}  // namespace
}  // namespace mtlgrid

int main(int argc, char** argv) {
  const int data_sets = argc > 1 ? std::atoi(argv[1]) : 5000;
  if (data_sets < 1) {
    fmt::print(stderr, "coverage: {} is not a positive number of data sets\n", argv[1]);
    return 2;
  }
  mtlgrid::run(data_sets);
  return 0;
}

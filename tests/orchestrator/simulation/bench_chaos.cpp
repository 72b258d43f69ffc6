// Random faults in virtual time: how many runs, faults, lost and doubled rows, and how much work is done again.
#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <chrono>
#include <iostream>

#include "tests/orchestrator/simulation/chaos.h"

namespace mtlgrid::simulation {
namespace {

void print(const ChaosReport& report, double seconds) {
  fmt::print("{} runs, {} jobs, {:.0f} virtual hours, {:.1f} s, {} events ({:.0f} a second)\n", report.runs,
             report.jobs, report.virtual_hours, seconds, report.events, static_cast<double>(report.events) / seconds);
  fmt::print("{} cells, {} of them culprits; {} attempts, {} results, {} of them late\n", report.cells, report.culprits,
             report.attempts, report.results, report.late_results);
  fmt::print("{} done, {} failed ({} healthy ones that faults befell more often than the retries allow)\n", report.done,
             report.failed, report.excused);
  fmt::print("lost rows {}, doubled rows {}, runs with a violation {}\n", report.lost_rows, report.doubled_rows,
             report.broken_runs);
  fmt::print(
      "\nwork done again, seconds of a cell; a checkpoint at each epoch's end and every {:.0f} s, so at most {:.0f}\n",
      report.checkpoint_every, report.most_lost_promised);
  fmt::print("{:<40} {:>7} {:>9} {:>7} {:>7}\n", "fault", "faults", "attempts", "mean", "most");
  for (const auto& [name, account] : report.faults) {
    fmt::print("{:<40} {:>7} {:>9} {:>7.1f} {:>7.1f}\n", name, account.faults, account.attempts_ended,
               account.attempts_ended > 0 ? account.lost / account.attempts_ended : 0, account.most_lost);
  }
}

int run(int argc, char** argv) {
  namespace po = boost::program_options;
  int runs = 1000, first = 0;
  unsigned seed = 1;
  po::options_description options("bench_chaos: faults at random times in simulated runs");
  options.add_options()("help", "this text")("runs", po::value(&runs), "how many (1000)")(
      "seed", po::value(&seed), "of all of them (1)")("first", po::value(&first), "number of the first run (0)")(
      "tell", "print what happened in each run");
  po::variables_map given;
  po::store(po::parse_command_line(argc, argv, options), given);
  po::notify(given);
  if (given.count("help") != 0) {
    std::cout << options;
    return 0;
  }
  if (given.count("tell") != 0) {
    for (int i = first; i < first + runs; ++i) tell_chaos_run(seed, i);
    return 0;
  }
  ChaosReport report;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = first; i < first + runs; ++i) chaos_run(seed, i, report);
  print(report, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  for (const std::string& what : report.violations) fmt::print("VIOLATION {}\n", what);
  return report.violations.empty() ? 0 : 1;
}

}  // namespace
}  // namespace mtlgrid::simulation

int main(int argc, char** argv) { return mtlgrid::simulation::run(argc, argv); }

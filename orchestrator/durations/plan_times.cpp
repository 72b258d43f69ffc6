#include "orchestrator/durations/plan_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "orchestrator/durations/checkpoint_lead.h"
#include "orchestrator/durations/makespan.h"
#include "results/status/query_render.h"

namespace mtlgrid {
namespace {

constexpr int kDraws = 400;         // gives the lowest and highest tenth to 1.5 in a hundred
constexpr double kMostDrawn = 4e6;  // durations drawn at most, for very large grids; some hundred milliseconds
constexpr double kJobStart = 60;    // seconds before a job's first step: modules, ranks, features; guessed
const std::vector<int> kTrainers = {1, 2, 4, 8, 16, 32, 64};
const std::vector<int> kWalltimes = {4, 8, 24, 48};  // hours

std::string jobs_text(const PredictedTime& time, int hours, double lead) {
  const int expected = jobs_needed(time.expected, 3600.0 * hours, lead);
  const int high = jobs_needed(time.high, 3600.0 * hours, lead);
  if (expected == 0) return "-";
  return high > expected ? fmt::format("{} to {}", expected, high) : std::to_string(expected);
}

}  // namespace

int jobs_needed(double seconds, double walltime, double lead) {
  const double useful = walltime - lead - kJobStart;
  return useful > 0 ? std::max(1, static_cast<int>(std::ceil(seconds / useful))) : 0;
}

std::vector<PredictedTime> predict_times(const DurationModel& durations, const std::vector<Cell>& cells,
                                         const std::vector<int>& trainers) {
  std::vector<double> expected;
  for (const Cell& cell : cells) expected.push_back(durations.expected(cell));
  std::vector<std::size_t> order(cells.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return expected[a] > expected[b]; });
  std::vector<Cell> queue;
  for (const std::size_t i : order) queue.push_back(cells[i]);
  const int count = std::clamp(static_cast<int>(kMostDrawn / static_cast<double>(cells.size() + 1)), 9, kDraws);
  const auto drawn = durations.draws(queue, count);
  std::vector<PredictedTime> times;
  for (const int n : trainers) {
    std::vector<double> ends;
    for (const auto& draw : drawn) ends.push_back(remaining_makespan({}, draw, n));
    std::sort(ends.begin(), ends.end());
    const auto at = [&](double part) { return ends[static_cast<std::size_t>(std::lround(part * (count - 1)))]; };
    times.push_back({n, at(0.5), at(0.1), at(0.9)});
  }
  return times;
}

std::string times_text(const Plan& plan, const DurationModel& durations, const std::vector<Cell>& left) {
  if (left.empty()) return "Expected times: none, all cells are done\n";
  const double lead = checkpoint_lead_seconds(plan, durations);
  QueryResult table{{"trainers", "expected", "8 in 10 are within", "speed-up"}, {}};
  for (const int hours : kWalltimes) {
    table.columns.push_back(fmt::format("{}{} h", hours == kWalltimes[0] ? "jobs of " : "of ", hours));
  }
  const auto times = predict_times(durations, left, kTrainers);
  for (const PredictedTime& time : times) {
    std::vector<std::optional<std::string>> row = {
        std::to_string(time.trainers), estimated_duration(time.expected),
        fmt::format("{} to {}", estimated_duration(time.low), estimated_duration(time.high)),
        fmt::format("{:.1f}", times[0].expected / time.expected)};
    for (const int hours : kWalltimes) row.push_back(jobs_text(time, hours, lead));
    table.rows.push_back(std::move(row));
  }
  std::string text = fmt::format("Expected times for the {} cells that are not done\n", left.size());
  text += render(table, QueryFormat::table);
  text += fmt::format("  {}; a cell's duration is known to a factor of {:.2f}\n", durations.basis(),
                      std::exp(durations.error()));
  return text +
         "  Each job has that many trainers; slurm/full_benchmark.sh requeues itself for the next job. Waiting in "
         "Slurm's queue is not counted\n";
}

}  // namespace mtlgrid

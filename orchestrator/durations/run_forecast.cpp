#include "orchestrator/durations/run_forecast.h"

#include <algorithm>

namespace mtlgrid {
namespace {

// A cell that has run for its expected duration is not done yet: this fraction of the duration is still expected.
// Guessed.
constexpr double kLeast = 0.1;
// About the last 30 cells count: machines get slower and faster during a run. Guessed.
constexpr double kMemory = 1 - 1.0 / 30;

}  // namespace

void RunForecast::advanced(double cost, double fraction, double seconds) {
  part_cost_ += cost * fraction;
  part_seconds_ += seconds;
}

void RunForecast::done(double cost, double seconds) {
  done_cost_ = kMemory * done_cost_ + cost;
  done_seconds_ = kMemory * done_seconds_ + seconds;
}

std::optional<double> RunForecast::seconds_per_cost() const {
  if (done_cost_ > 0 && done_seconds_ > 0) return done_seconds_ / done_cost_;
  if (costs_are_seconds_) return 1;
  if (part_cost_ > 0 && part_seconds_ > 0) return part_seconds_ / part_cost_;
  return std::nullopt;
}

double RunForecast::remainder(double cost, double fraction, double seconds_running) const {
  const double by_epochs = cost * (1 - fraction);
  const auto rate = seconds_per_cost();
  if (!rate || done_cost_ == 0) return by_epochs;
  return std::min(by_epochs, std::max(kLeast * cost, cost - seconds_running / *rate));
}

}  // namespace mtlgrid

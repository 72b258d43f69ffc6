// When a run will be done: expected durations, corrected by how long this run's cells really took.
#pragma once

#include <optional>

namespace mtlgrid {

class RunForecast {
 public:
  // Costs are expected durations of cells, in any unit. `costs_are_seconds`: they are seconds, so a forecast is
  // possible before any cell has advanced.
  explicit RunForecast(bool costs_are_seconds) : costs_are_seconds_(costs_are_seconds) {}

  // A cell of cost `cost` has advanced by `fraction` of its epochs in `seconds` of its trainer's time.
  void advanced(double cost, double fraction, double seconds);
  // A cell that started from its first epoch in this run is done, after `seconds` in all.
  void done(double cost, double seconds);

  // Seconds per unit of cost; nullopt if nothing is known. Finished cells take precedence over partly trained ones, of
  // which nobody knows whether they will stop early.
  std::optional<double> seconds_per_cost() const;

  // The remaining cost of a running cell.
  double remainder(double cost, double fraction, double seconds_running) const;

 private:
  bool costs_are_seconds_;
  double done_cost_ = 0, done_seconds_ = 0, part_cost_ = 0, part_seconds_ = 0;
};

}  // namespace mtlgrid

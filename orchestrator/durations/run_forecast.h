// When a run will be done: expected durations, corrected by how long what was expected has really taken in this run.
#pragma once

#include <optional>
#include <vector>

namespace mtlgrid {

class RunForecast {
 public:
  // `costs_are_seconds`: expected durations are worth something before anything was seen.
  explicit RunForecast(bool costs_are_seconds) : costs_are_seconds_(costs_are_seconds) {}

  // A cell of expected length `cost` has advanced by `fraction` of its epochs in `seconds` of its trainer's time.
  void advanced(double cost, double fraction, double seconds);
  // It was begun anew and is done after `seconds` in all.
  void done(double cost, double seconds);

  // Seconds per unit of cost; nullopt: nothing is known. Whole cells count before parts of some, which do not know
  // whether they will stop early.
  std::optional<double> seconds_per_cost() const;

  // What is left of a running cell, in units of cost.
  double remainder(double cost, double fraction, double seconds_running) const;

 private:
  bool costs_are_seconds_;
  double done_cost_ = 0, done_seconds_ = 0, part_cost_ = 0, part_seconds_ = 0;
};

}  // namespace mtlgrid

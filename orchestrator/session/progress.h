// How far a run is, for people: a bar redrawn on a terminal, a line now and then in a log. Goes to stderr, and never
// ends or delays anything (base/telling.h).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "orchestrator/scheduler/coordinator.h"

namespace mtlgrid {

class ProgressDisplay {
 public:
  // A terminal has one line that is redrawn where its text changed, twice a second at most, as wide as the terminal is
  // at that moment. Anything else gets a line with date and time every `kLogSeconds`.
  ProgressDisplay() = default;
  // A message of its own line with the time, above the bar.
  void say(const std::string& line);
  void show(const Coordinator& coordinator, Coordinator::Now now);
  // The last state, and the line ended.
  void finish(const Coordinator& coordinator, Coordinator::Now now);

 private:
  void draw(const Coordinator& coordinator, Coordinator::Now now);

  std::optional<double> start_;
  double last_ = 0;
  std::string drawn_;  // the line on the terminal; empty: none
};

struct ProgressTimes {
  double gone = 0;             // seconds since the run began
  std::optional<double> left;  // seconds until it ends; nullopt: not known yet
  double now = 0;              // seconds since 1970
};

// What it prints, at most `columns` wide. A narrow terminal loses, in this order: how many trainers and ranks there
// are, a part of the bar, the time that is gone, the running cells, the rest of the bar, the end by the clock, the
// cells; the time left stays.
std::string progress_text(const Coordinator::Counts& counts, const ProgressTimes& times, std::size_t columns);
// What a log gets: everything but the bar.
std::string progress_log_text(const Coordinator::Counts& counts, const ProgressTimes& times);

}  // namespace mtlgrid

// How far a run is, for people: a bar redrawn on a terminal, a line now and then in a log. Goes to stderr.
#pragma once

#include <optional>
#include <string>

#include "orchestrator/scheduler/coordinator.h"

namespace mtlgrid {

class ProgressDisplay {
 public:
  // `terminal`: redraw one line; otherwise a line every `kLogSeconds`.
  explicit ProgressDisplay(bool terminal) : terminal_(terminal) {}
  // A message of its own line, above the bar.
  void say(const std::string& line);
  void show(const Coordinator& coordinator, Coordinator::Now now);
  // The last state, and the line ended.
  void finish(const Coordinator& coordinator, Coordinator::Now now);

 private:
  void draw(const std::string& text);
  bool terminal_;
  std::optional<double> start_;
  double last_ = 0;
  std::size_t width_ = 0;  // of the line on the terminal
};

// What it prints: cells, workers, the seconds that are gone and left.
std::string progress_text(const Coordinator::Counts& counts, double gone, std::optional<double> left);

}  // namespace mtlgrid

// How far a run is, for people: a bar redrawn on a terminal, a line now and then in a log. Goes to stderr.
#pragma once

#include <string>

#include "orchestrator/coordinator.h"

namespace mtlgrid {

class ProgressDisplay {
 public:
  // `terminal`: redraw one line; otherwise a line every `kLogSeconds`.
  explicit ProgressDisplay(bool terminal) : terminal_(terminal) {}
  // A message of its own line, above the bar.
  void say(const std::string& line);
  void show(const Coordinator::Counts& counts, double now);
  // The last state, and the line ended.
  void finish(const Coordinator::Counts& counts, double now);

  // The text that `show` prints: cells, workers, ETA from the expected cost that is done since the start.
  std::string text(const Coordinator::Counts& counts, double now) const;

 private:
  void draw(const std::string& text);
  bool terminal_;
  bool started_ = false;
  double start_ = 0, last_ = 0, cost_at_start_ = 0;
  std::size_t width_ = 0;  // of the line on the terminal
};

// "47 s", "3 min 20 s", "5 h 12 min", "2 d 3 h".
std::string duration_text(double seconds);

}  // namespace mtlgrid

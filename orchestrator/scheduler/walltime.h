// The end of the allocation: when everything must be checkpointed, and until when cells are started.
//
// A stop is heard before every step, so a cell needs one step and its checkpoint to be safe: the lead.
#pragma once

#include <optional>

#include "orchestrator/scheduler/event_time.h"

namespace mtlgrid {

// A cell that could train for less than this before the allocation's end is not started. Guessed.
inline constexpr double kWorthStarting = 60;

class Walltime {
 public:
  // `ends`: of the allocation, seconds since 1970; nullopt: never. `lead`: seconds before that at which everything is
  // checkpointed.
  Walltime(std::optional<double> ends, double lead) : ends_wall_(ends), lead_(lead) {}

  // The first tick. From here on the wall clock may jump.
  void begin(EventTime now);
  bool begun() const { return begun_.has_value(); }
  // Steady seconds since then; 0 before.
  double gone(double steady) const { return steady - begun_.value_or(steady); }
  // Steady seconds until the allocation ends; nullopt: never, or not begun.
  std::optional<double> left(double steady) const;
  // Everything must be checkpointed now.
  bool stop_due(double steady) const;
  // Too late to start a cell.
  bool ends_soon(double steady) const;
  double lead() const { return lead_; }

 private:
  std::optional<double> ends_wall_;
  double lead_;
  std::optional<double> begun_, ends_;  // steady
};

}  // namespace mtlgrid

#include "orchestrator/scheduler/walltime.h"

namespace mtlgrid {

void Walltime::begin(EventTime now) {
  if (begun_) return;
  begun_ = now.steady;
  if (ends_wall_) ends_ = now.steady + (*ends_wall_ - now.wall);
}

std::optional<double> Walltime::left(double steady) const {
  if (!ends_) return std::nullopt;
  return *ends_ - steady;
}

bool Walltime::stop_due(double steady) const { return ends_ && steady >= *ends_ - lead_; }

bool Walltime::ends_soon(double steady) const { return ends_ && steady > *ends_ - lead_ - kWorthStarting; }

}  // namespace mtlgrid

// When an event reached the coordinator.
#pragma once

namespace mtlgrid {

struct EventTime {
  double steady = 0;  // seconds on a clock that never goes back
  double wall = 0;    // seconds since 1970, for the record alone
};

}  // namespace mtlgrid

#include "trainer/nccl/broadcaster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/errors.h"

namespace mtlgrid {

Patience::Patience(double seconds, std::function<bool()> stop, Clock clock)
    : stop_(std::move(stop)), clock_(std::move(clock)), seconds_(seconds), end_(clock_() + seconds) {}

void Patience::check(const std::string& what) const {
  if (stop_()) throw Error(ErrorKind::fatal, "stopped on request");
  if (clock_() > end_)
    throw Error(ErrorKind::fatal, fmt::format("timeout: {} took more than {:.0f} s", what, seconds_));
}

Patience Patience::at_most(double seconds) const {
  Patience shorter = *this;
  shorter.end_ = std::min(end_, clock_() + seconds);
  if (shorter.end_ < end_) shorter.seconds_ = seconds;
  return shorter;
}

double Patience::steady_seconds() { return mtlgrid::Clock::real().steady(); }

}  // namespace mtlgrid

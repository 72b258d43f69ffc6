// The clocks of the program. Nothing else reads the time (a test checks it), so that tests can put a clock of their own
// in its place.
#pragma once

namespace mtlgrid {

// The machine's clocks; tests override single calls. No result depends on them.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock: seconds since 1970, UTC. It may be set back, and differs between hosts.
  virtual double now();
  // Seconds since an arbitrary moment that is the same for all processes of this host until it boots. Never goes back.
  virtual double steady();
  // Blocks this thread for at least `seconds`; none if negative.
  virtual void sleep(double seconds);

  // Stateless, so any thread may use it at any time.
  static Clock& real();
};

}  // namespace mtlgrid

// The signals that ask a run to stop: SIGUSR1 (walltime, preemption), SIGTERM, SIGINT.
#pragma once

namespace mtlgrid {

// Installs the handlers while it lives and puts the old ones back. One at a time in a process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  // Whether any of them has arrived since construction.
  bool requested() const;
};

}  // namespace mtlgrid

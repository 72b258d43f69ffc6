// The signals that ask a run to stop: SIGUSR1 (walltime, preemption), SIGTERM, SIGINT, SIGXCPU (the
// processor time of `ulimit -t` is spent), and SIGHUP (its terminal was closed) unless it was ignored when the program
// started (nohup).
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
  // Whether a second SIGINT has: a person presses Ctrl-C again and does not want to wait. Batch systems, which repeat
  // the other signals, do.
  bool at_once() const;
  // The first that arrived, "SIGTERM"; "" if none has.
  const char* first() const;
};

}  // namespace mtlgrid

// What a run does about the signals that ask it to stop, and what it says about them.
#pragma once

#include <functional>
#include <string>

#include "orchestrator/scheduler/coordinator.h"
#include "orchestrator/session/signals.h"
#include "orchestrator/session/worker.h"

namespace mtlgrid {

// To be called once every turn of rank 0's loop. A first request has every running cell checkpointed; a second Ctrl-C
// ends the trainers at once, and their cells lose what they trained since their last checkpoint, at most
// `checkpoint_minutes` of it. `mpirun_gone`: mpirun has ended, which asks for the same as a first signal.
void follow_signals(const StopSignals& signals, bool mpirun_gone, double checkpoint_minutes, Coordinator& coordinator,
                    Worker& worker, const std::function<void(const std::string&)>& say, Coordinator::Now now);

}  // namespace mtlgrid

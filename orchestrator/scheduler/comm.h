// Where the messages of the coordinator go, and those of a worker to it.
#pragma once

#include "orchestrator/scheduler/messages.h"

namespace mtlgrid {

// Sending never fails: leases find out who is gone.
template <typename Message>
class Comm {
 public:
  virtual ~Comm() = default;
  virtual void send(int rank, const Message& message) = 0;
};
using CommToWorkers = Comm<ToWorker>;
using CommToCoordinator = Comm<ToCoordinator>;

}  // namespace mtlgrid

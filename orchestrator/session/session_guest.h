// Who may look on while a session runs, and take the messages that coordinator and worker do not know: the rehearsal.
#pragma once

#include <functional>

#include "orchestrator/scheduler/coordinator.h"
#include "orchestrator/session/mailbox.h"
#include "orchestrator/session/worker.h"

namespace mtlgrid {

class SessionGuest {
 public:
  virtual ~SessionGuest() = default;
  // Every message to the coordinator, before it. True: it is one that the coordinator does not know, and was for the
  // guest.
  virtual bool on_message(int from, const ToCoordinator& message, double now) = 0;
  // Once every turn of the loop; `to_workers` is flushed after it.
  virtual void turn(const Coordinator& coordinator, CommToWorkers& to_workers, double now) = 0;
};

// Takes a message that this rank's worker does not know; true: it was for the visitor.
using WorkerVisitor =
    std::function<bool(const OtherMessage& message, Worker& worker, MailboxToCoordinator& to_coordinator)>;

}  // namespace mtlgrid

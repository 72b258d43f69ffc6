// Messages between ranks: opaque bytes from rank to rank, never blocking.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace mtlgrid {

class Transport {
 public:
  struct Incoming {
    int from = 0;
    std::string bytes;
  };
  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Queues `bytes` for `to` (which may be this rank) and returns at once. Messages between two ranks keep their order.
  // A message to a dead rank is never an error here: leases detect the loss.
  virtual void send(int to, std::string bytes) = 0;
  // The next message, if one has arrived. Also drives unfinished sends.
  virtual std::optional<Incoming> receive() = 0;
  // Whether all sent messages are known to be in the memory of their receivers: then this process may leave with _exit
  // and no message is lost. A rank that died silently keeps this false until give_up(): callers must not wait for it
  // without a limit.
  virtual bool idle() const = 0;
  // `rank` counts as lost: idle() ignores it until a message from it arrives. Sending to it stays allowed.
  virtual void give_up(int rank) { static_cast<void>(rank); }
  // Ends the transport. `all_alive`: every rank is known to be leaving too, so MPI_Finalize cannot hang; otherwise the
  // caller must leave with _exit.
  virtual void finish(bool all_alive) = 0;
};

}  // namespace mtlgrid

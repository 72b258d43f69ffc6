// The part of NCCL that staging needs: one communicator, created once, for broadcasts. Torch.
//
// What NCCL promises (its user guide, chapters "Creating a communicator" and "Fault tolerance"): one process makes the
// unique id, must live until all have joined, and hands it to the others by other means; every process joins with its
// own rank and GPU, and two ranks may not share a GPU. A communicator with `blocking = 0` never blocks: its calls may
// return ncclInProgress, and then no other call but ncclCommGetAsyncError and ncclCommAbort is allowed until that says
// ncclSuccess. A dead peer is not always noticed: the caller must limit the time, and ncclCommAbort ends everything
// that runs here. ncclCommFinalize waits for all ranks; ncclCommDestroy then frees what is left.
//
// ncclCommAbort itself has been reported to hang where peers of the same node did not abort too: the rank kills a
// trainer that does not answer in time (orchestrator/session/worker.h).
#pragma once

#include <memory>
#include <string>

#include "trainer/nccl/broadcaster.h"

namespace mtlgrid::nccl {

// Why NCCL cannot be used: the program was built without its header, or the library was not found. Empty: it can be
// used. Does not touch a GPU.
std::string lacks();
// The version of the library that was opened, e.g. "2.28.9". Throws Error(fatal) if lacks() is not empty.
std::string version();

// Makes the unique id of a new communicator, 256 hex digits. A thread of NCCL in this process listens for those who
// join, so this process must join too. Does not need a GPU. Throws Error(fatal) with NCCL's own text.
std::string make_id();

// Joins as `rank` of `size` with `device`, a GPU; returns when all have joined. Broadcasts run in the device's default
// stream, in which the trainer's kernels run too. Throws Error(fatal) with NCCL's own text, or as Patience::check does;
// the communicator is then aborted. `patience` is checked until the end of finish().
std::unique_ptr<Broadcaster> join(const std::string& id, int rank, int size, at::Device device,
                                  const Patience& patience);

}  // namespace mtlgrid::nccl

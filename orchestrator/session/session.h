// One run of coordinator and workers, from hello to bye: the event loops around the pure handlers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/transport.h"
#include "orchestrator/config/config.h"
#include "orchestrator/scheduler/coordinator.h"
#include "orchestrator/session/devices.h"
#include "orchestrator/session/session_guest.h"
#include "orchestrator/session/worker.h"
#include "results/records/records.h"

namespace mtlgrid {

class Store;

// How this process makes its trainers.
struct TrainerOptions {
  std::optional<int> count;            // trainers of this rank; default: its cores / threads
  std::vector<std::string> arguments;  // for the trainer executable
  bool empty_cells = false;            // they make it train nothing
  std::optional<RankDevices> devices;  // already chosen; otherwise the factory does, and throws as choose_devices does
};
Worker::TrainersFactory trainers_factory(const Transport& transport, const TrainerOptions& options);

struct SessionResult {
  Coordinator::Counts counts;
  std::vector<std::pair<Cell, std::string>> failures;
  bool stopped = false;      // on request, with work left
  std::string stuck;         // why cells are pending although nobody asked to stop; empty otherwise
  bool all_alive = true;     // no rank was lost
  std::string needs_person;  // what a person must do before it can be resumed; empty otherwise
};

// Rank 0: coordinates `cells` over all ranks of `transport` and trains on this rank too, until they are done or a stop
// is asked for. Commits through `store`; the result of a cell replaces the one that counts if `replace`. `on_result`
// sees every result after its commit. Leaves the other ranks waiting for `dismiss`.
struct SessionInputs {
  const Config& config;          // outlives the session, as does the experiment
  const Experiment& experiment;  // what the trainers are told
  std::vector<QueuedCell> cells;
  std::string folder;  // attempts' folders
  bool replace = false;
  std::function<void(const CellResult&)> on_result;
  std::shared_ptr<CellDurations> durations{};  // as in CoordinatorSettings, and the two below
  std::optional<double> ends{};
  double checkpoint_lead = 60;
  SessionGuest* guest = nullptr;    // must outlive the session
  WorkerVisitor visitor{};          // of this rank's worker
  std::uint64_t feature_bytes = 0;  // of the grid's features, which may be staged
};
// A lock of another host is taken over after it stayed unchanged for this many heartbeats (docs/store-internals.md).
inline constexpr double kStaleBeats = 5;

SessionResult coordinate(const SessionInputs& inputs, Store& store, Transport& transport,
                         const TrainerOptions& options);

// Rank 0, whatever happened: tells all ranks to leave, waits for them for a while and ends the transport. Must be
// called once, after coordinate or when it did not come to that. Where a rank was lost MPI is left as it is, since
// MPI_Finalize would hang; a watchdog ends the process if it hangs all the same.
void dismiss(Transport& transport, bool all_alive);

// Every other rank: works until the coordinator says shutdown or is gone; then ends the transport as `dismiss` does.
void serve(Transport& transport, const TrainerOptions& options, const WorkerVisitor& visitor = {});

}  // namespace mtlgrid

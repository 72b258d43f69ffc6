// The coordinator: which cell runs where, what becomes of it, and when the run is over.
//
// Pure handlers over (state, comm, ledger, event, now): no clock, no transport, no database of its own, so that tests
// drive it with fakes. It is the only one that decides about results: workers report, the coordinator commits. Its
// state is in two tables with invariants of their own (cell_table.h, worker_table.h); the rules are in outcomes.h,
// suspects.h, next_pack.h, pack_splitting.h, walltime.h and staging.h; this class takes events to them. A message is
// handled in a time that grows with the logarithm of the numbers of workers and cells; a tick does not look at all of
// them either, but for the pings of every heartbeat.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/config/config.h"
#include "orchestrator/durations/run_forecast.h"
#include "orchestrator/scheduler/cell_table.h"
#include "orchestrator/scheduler/comm.h"
#include "orchestrator/scheduler/event_time.h"
#include "orchestrator/scheduler/ledger.h"
#include "orchestrator/scheduler/messages.h"
#include "orchestrator/scheduler/outcomes.h"
#include "orchestrator/scheduler/pack_splitting.h"
#include "orchestrator/scheduler/queued_cell.h"
#include "orchestrator/scheduler/staging.h"
#include "orchestrator/scheduler/walltime.h"
#include "orchestrator/scheduler/worker_table.h"

namespace mtlgrid {

class CellDurations;

struct CoordinatorSettings {
  ClusterSettings cluster;
  std::string folder;                           // attempts go to FOLDER/<cell>/attempt-<n>
  std::function<void(const std::string&)> say;  // one line for people; never empty
  StagingSettings staging{};                    // never
  // Learns from every result, and says how long the other cells take then, in seconds. None: QueuedCell::cost stays.
  std::shared_ptr<CellDurations> durations{};
  std::optional<double> ends{};  // when the allocation ends, seconds since 1970
  double checkpoint_lead = 60;   // seconds before that at which everything is checkpointed
};

class Coordinator {
 public:
  using Now = EventTime;
  struct Counts : CellCounts {
    int workers = 0, slots = 0;
  };

  // `comm` and `ledger` must outlive the coordinator. `welcome` is sent to every worker that says hello.
  Coordinator(CoordinatorSettings settings, std::vector<QueuedCell> cells, Welcome welcome, CommToWorkers& comm,
              Ledger& ledger);

  // A message that makes no sense (message_checks.h) changes nothing: its worker is refused.
  void on_message(int worker, const ToCoordinator& message, Now now);
  // A worker whose messages make no sense, for `why`, is a bug, damage or a mixture of versions: it is told to stop and
  // given up, its cells go back to the queue, and nothing that it says later counts. Said once.
  void refuse(int worker, const std::string& why, Now now);
  // To be called often: expires leases, hands out cells, pings. Messages that have arrived come first.
  void on_tick(Now now);
  // Walltime, preemption, Ctrl-C: every running cell is checkpointed, nothing new is started. Idempotent.
  void request_stop(Now now);
  // After request_stop: no running cell is waited for any more; each is queued again, its attempt `stopped` with this
  // cause. The caller ends the trainers.
  void abandon(const std::string& cause, Now now);
  // The same as request_stop, for a cause that a person must remove.
  void give_up(const std::string& cause, Now now);

  // Nothing is running and nothing more will be started.
  bool finished() const;
  bool stopping() const { return stopping_; }
  // Every worker that ever said hello is still heard of.
  bool all_alive() const { return workers_.totals().silent == 0 && refused_.empty(); }
  Counts counts() const { return {cells_.counts(), workers_.totals().workers, workers_.totals().slots}; }
  // Seconds until the last cell is done, if nothing happens; nullopt: nothing is known yet.
  std::optional<double> remaining_seconds(Now now) const;
  // Everything that `mtlgrid status` shows of a running grid: the file STORE.progress (docs/store-internals.md).
  nlohmann::json status(Now now) const;
  // Cells that failed in this run, with their causes.
  const std::vector<std::pair<Cell, std::string>>& failures() const { return outcomes_.failures(); }
  // Why the run is over although cells are queued and nobody asked it to stop; empty otherwise.
  std::string stuck() const;
  // What a person must do before the run can be resumed (give_up); empty otherwise.
  std::string needs_person() const { return needs_person_.empty() ? outcomes_.needs_person() : needs_person_; }

  // Derives the invariants of the tables, and those between them, again; throws Error(fatal) naming one that does not
  // hold. For tests.
  void sanity_check() const;

 private:
  // One for each alternative of ToCoordinator.
  void on(const Hello& hello, int worker, Now now);
  void on(const Slots& slots, int worker, Now now);
  void on(const SlotReady& ready, int worker, Now now);
  void on(const SlotStageId& id, int worker, Now now);
  void on(const SlotStaged& staged, int worker, Now now);
  void on(const SlotBroken& broken, int worker, Now now);
  void on(const Heartbeat& heartbeat, int worker, Now now);
  void on(const CellFinished& finished, int worker, Now now);
  void on(const CellFailed& failed, int worker, Now now);
  void on(const CellStopped& stopped, int worker, Now now);
  void on(const PackCrashed& crash, int worker, Now now);
  void on(const Leaving& leaving, int worker, Now now);
  void on(const Bye& bye, int worker, Now now);
  void on(const OtherMessage&, int, Now) {}  // refused

  void give_up_worker(int worker, Now now, const std::string& why);
  void expire_leases(Now now);
  void keep_to_walltime(Now now);
  void hand_out(Now now);
  void split_a_pack(Now now);
  void assign(const std::vector<std::size_t>& indices, SlotAddress at, Now now);
  Train begin(std::size_t index, SlotAddress at, Now now);
  void ping(Now now);
  void leave_staging(int worker, const std::string& why);
  void learn_from(const CellResult& result);
  std::string name_of(int worker) const;

  // A trainer reported the end of `attempt` of the cell. Its index if that is the cell's running attempt; nullopt if
  // the attempt had been given up. Throws Error(fatal) for a cell that is not of this run.
  std::optional<std::size_t> release(int worker, Origin from, const Cell& cell, int attempt);
  std::size_t index_of(const Cell& cell) const;

  CoordinatorSettings settings_;
  Welcome welcome_;
  CommToWorkers& comm_;
  Ledger& ledger_;
  CellTable cells_;
  WorkerTable workers_;
  Outcomes outcomes_;
  Staging staging_;
  PackSplitting splitting_;
  Walltime walltime_;
  RunForecast forecast_;
  int observed_ = 0, learn_at_ = 8;  // results that `durations` has seen, and at how many costs are renewed
  std::set<int> refused_;
  std::string last_broken_;
  std::string needs_person_;
  bool stopping_ = false, handed_out_ = false;
  double last_ping_ = -1e300;
};

}  // namespace mtlgrid

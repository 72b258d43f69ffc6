// The coordinator: which cell runs where, what becomes of it, and when the run is over.
//
// Pure handlers over (state, comm, ledger, event, now): no clock, no transport, no database of its own, so that tests
// drive it with fakes. It is the only one that decides about results: workers report, the coordinator commits. A
// message is handled in a time that grows with the logarithm of the numbers of workers and cells; a tick does not look
// at all of them either, but for the pings of every heartbeat.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "orchestrator/config/config.h"
#include "orchestrator/durations/run_forecast.h"
#include "orchestrator/scheduler/comm.h"
#include "orchestrator/scheduler/messages.h"
#include "orchestrator/scheduler/packing.h"
#include "orchestrator/scheduler/quarantine.h"
#include "orchestrator/scheduler/queued_cell.h"
#include "orchestrator/scheduler/staging.h"
#include "orchestrator/scheduler/work_queue.h"
#include "results/records/attempt_failure.h"
#include "results/records/records.h"

namespace mtlgrid {

class CellDurations;

// Where its decisions are made durable (the store). A throw ends the run.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual void begin_attempt(const Cell& cell, int attempt, const Environment& where, double started) = 0;
  virtual bool commit_result(const CellResult& result) = 0;
  virtual void commit_failure(const AttemptFailure& failure) = 0;
  // A failed cell waits again: its host was at fault.
  virtual void reopen(const Cell& cell) = 0;
};

struct CoordinatorSettings {
  ClusterSettings cluster;
  std::string folder;                           // attempts go to FOLDER/<cell>/attempt-<n>
  std::function<void(const std::string&)> say;  // one line for people; never empty
  StagingSettings staging{};                    // never
  // Learns from every result, and says how long the other cells are then, in seconds. None: QueuedCell::cost stays.
  std::shared_ptr<CellDurations> durations{};
  std::optional<double> ends{};  // when the allocation ends, seconds since 1970
  double checkpoint_lead = 60;   // seconds before that at which everything is checkpointed
};

// A pack is split between its trainer and an idle one if it would go on for longer than this: moving costs a
// checkpoint, its reading, and bags that the other has not used yet. Guessed.
inline constexpr double kSplitSeconds = 60;
// A cell that could train for less than this before the allocation's end is not started. Guessed.
inline constexpr double kWorthStarting = 60;
// The status names the waiting cells if they are no more than these.
inline constexpr std::size_t kQueueShown = 2000;

class Coordinator {
 public:
  // `comm` and `ledger` must outlive the coordinator. `welcome` is sent to every worker that says hello.
  Coordinator(CoordinatorSettings settings, std::vector<QueuedCell> tasks, Welcome welcome, Comm& comm, Ledger& ledger);

  // Handlers. `now` is seconds on a clock that never goes back; `wall` seconds since 1970, for the record alone.
  struct Now {
    double steady = 0, wall = 0;
  };
  // Throws Error(fatal) on a message of unknown type or shape: a bug or a mixture of versions, not a lost worker.
  void on_message(int worker, const nlohmann::json& message, Now now);
  // To be called often: expires leases, hands out cells, pings. Messages that have arrived come first.
  void on_tick(Now now);
  // Walltime, preemption, Ctrl-C: every running cell is checkpointed, nothing new is started. Idempotent.
  void request_stop(Now now);
  // The same, for a cause that a person must mend.
  void give_up(const std::string& cause, Now now);

  // Nothing is running and nothing more will be started.
  bool finished() const;
  bool stopping() const { return stopping_; }
  // Every worker that ever said hello is still heard of.
  bool all_alive() const { return totals_.silent == 0; }

  struct Counts {
    int total = 0, done = 0, failed = 0, running = 0, pending = 0;
    double cost_done = 0, cost_total = 0;  // running cells count by their epochs done
    int workers = 0, slots = 0;
  };
  Counts counts() const { return counts_; }
  // Seconds until the last cell is done, if nothing happens; nullopt: nothing is known yet.
  std::optional<double> remaining_seconds(Now now) const;
  // Everything that `mtlgrid status` shows of a running grid: the file STORE.progress (docs/store.md).
  nlohmann::json status(Now now) const;
  // Cells that failed in this run, with their causes.
  const std::vector<std::pair<Cell, std::string>>& failures() const { return failures_; }
  // Why the run is over although cells are pending and nobody asked it to stop; empty otherwise.
  std::string stuck() const;
  // What a person must mend before the run goes on (give_up); empty otherwise.
  const std::string& needs_person() const { return needs_person_; }

  // Derives the invariants between tasks, slots and queue anew; throws Error(fatal) if one does not hold. For tests.
  void sanity_check() const;

 private:
  enum class TaskState { queued, running, done, failed };
  struct TaskEntry {
    QueuedCell task;
    TaskState state = TaskState::queued;
    int attempt = 0;             // newest begun
    int worker = -1, slot = -1;  // while running
    int crashes = 0, losses = 0;
    int pack_limit = kLargestPack;  // halved whenever a pack with this cell dies: so the culprit is found
    int crashed_on = -1;            // worker of the last crash: tried elsewhere if there is another
    int epoch = 0, epochs = 0;      // while running, as far as is known
    double fraction = 0;            // of its epochs done, while running
    double begun = 0, since = 0;    // while running: when it began, and when `fraction` last grew (steady)
    double begun_wall = 0;
    bool anew = true;         // this attempt began without a checkpoint
    bool moved = false;       // waits for an idle trainer, which it was released for
    bool reopened = false;    // ended badly on a host that was at fault: tried elsewhere once
    bool has_result = false;  // a late result of a given-up attempt counts already
  };
  enum class SlotState { starting, ready, staging, busy, broken };
  struct SlotEntry {
    SlotState state = SlotState::starting;
    Environment environment;
    int largest_pack = 0;              // as in Ready
    std::string staging_lacks;         // as in Ready
    std::map<std::size_t, int> tasks;  // while busy: those that have not ended, and their attempts
    std::set<std::size_t> released;    // those of them that were asked back
    std::string why_broken;
  };
  struct WorkerEntry {
    std::string host;
    std::vector<SlotEntry> slots;
    double last_heard = 0;
    bool alive = true, leaving = false, bye = false;
  };
  // What the totals below know of a worker.
  struct Share {
    int workers = 0, slots = 0, silent = 0, usable = 0, hopeful = 0, busy = 0;
  };

  void on_hello(int worker, const Hello& hello, Now now);
  void on_slots(int worker, const Slots& slots);
  void on_slot_ready(int worker, const SlotReady& ready);
  void on_slot_broken(int worker, const SlotBroken& broken, Now now);
  void on_stage_id(int worker, const SlotStageId& id, Now now);
  void on_slot_staged(int worker, const SlotStaged& staged);
  void leave_staging(int worker, const std::string& why);
  Staging::View staging_view() const;
  void on_heartbeat(const Heartbeat& heartbeat, Now now);
  void on_finished(int worker, Origin from, const CellResult& result, Now now);
  void on_failed(int worker, const CellFailed& failed, Now now);
  void on_pack_crashed(int worker, const PackCrashed& crash, Now now);
  void on_stopped(int worker, const CellStopped& stopped, Now now);
  void give_up_worker(int worker, Now now, const std::string& why);
  void expire_leases(Now now);
  void keep_to_walltime(Now now);
  bool ends_soon(Now now) const;
  void refuse_rank_killers(Now now);
  void hand_out(Now now);
  void split_a_pack(Now now);
  bool suspect(const TaskEntry& entry) const;
  std::size_t cells_on(const WorkerEntry& worker) const;
  bool runs_suspect(const WorkerEntry& worker) const;
  void assign(const std::vector<std::size_t>& tasks, int worker, int slot, Now now);
  Train begin(std::size_t task, int worker, int slot, const Environment& where, Now now);
  void ping(Now now);

  // Hosts under suspicion, and cells that ended badly on them.
  void bad_end(std::size_t task, const std::string& host, bool final);
  void quarantine(const std::string& host);
  void reinstate(const std::string& host, const std::string& why);
  bool others_than(const std::string& host) const;

  // Bookkeeping: every change of a task's state, its progress or its cost, and of a worker, goes through these.
  void set_state(std::size_t task, TaskState state);
  void set_progress(std::size_t task, double fraction, Now now);
  void recost();
  void hear(WorkerEntry& entry, int worker, double now);
  void refresh(int worker);
  void refresh_all_on(const std::string& host);
  void forget_failure(const Cell& cell);
  double remainder_of(const TaskEntry& entry, double now) const;
  double remainder_of(const SlotEntry& slot, double now) const;

  // The slot's running task if it is `attempt` of `cell`; frees the slot if it was the pack's last. nullopt for a
  // report of a given-up attempt.
  std::optional<std::size_t> release(int worker, Origin from, const Cell& cell, int attempt);
  std::size_t find_task(const Cell& cell) const;
  SlotEntry* slot_of(int worker, int slot);
  void end_attempt(std::size_t task, Outcome outcome, bool final, const std::string& cause, const std::string& detail,
                   Now now);
  std::vector<std::size_t> next_pack_for(int worker, const SlotEntry& slot) const;
  std::string state_of(const WorkerEntry& entry, double now) const;

  CoordinatorSettings settings_;
  Welcome welcome_;
  Comm& comm_;
  Ledger& ledger_;
  Staging staging_;
  std::vector<TaskEntry> tasks_;  // longest expected first: the order in which they are handed out
  std::unordered_map<std::string, std::size_t> by_name_;
  WorkQueue queue_;  // of their indices
  std::map<int, WorkerEntry> workers_;
  std::map<int, Share> shares_;  // of each worker in the totals
  Share totals_;
  std::map<std::string, int> usable_on_;    // workers of each host that may get cells
  std::set<SlotAddress> ready_, busy_;      // slots of workers that may get cells; of all workers
  std::set<std::pair<double, int>> heard_;  // workers that hold leases, the longest silent first
  Quarantine quarantine_;
  RunForecast forecast_;
  Counts counts_;
  int observed_ = 0, learn_at_ = 8;     // results that `durations` has seen, and at how many costs are renewed
  std::set<std::size_t> moved_;         // queued tasks that were released for an idle trainer
  std::optional<double> begun_, ends_;  // steady
  std::vector<std::pair<Cell, std::string>> failures_;
  std::string last_broken_;
  std::string needs_person_;
  bool stopping_ = false, handed_out_ = false;
  double last_ping_ = -1e300, last_split_ = -1e300;
};

}  // namespace mtlgrid

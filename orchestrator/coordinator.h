// The coordinator: which cell runs where, what becomes of it, and when the run is over.
//
// Pure handlers over (state, comm, ledger, event, now): no clock, no transport, no database of its own, so that tests
// drive it with fakes. It is the only one that decides about results: workers report, the coordinator commits.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/comm.h"
#include "orchestrator/config.h"
#include "orchestrator/messages.h"
#include "orchestrator/packing.h"
#include "orchestrator/staging.h"
#include "results/store.h"

namespace mtlgrid {

// Where its decisions are made durable (the store). A throw ends the run.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual void begin_attempt(const Cell& cell, int attempt, const Environment& where, double started) = 0;
  virtual bool commit_result(const CellResult& result) = 0;
  virtual void commit_failure(const AttemptFailure& failure) = 0;
};

// A cell that is to be run.
struct Task {
  Cell cell;
  int attempts = 0;                 // begun before this run
  double cost = 1;                  // expected, in any unit; the longest is started first
  std::vector<std::string> resume;  // folders of earlier attempts to go on from, newest first
};

struct CoordinatorSettings {
  ClusterSettings cluster;
  std::string folder;                           // attempts go to FOLDER/<cell>/attempt-<n>
  std::function<void(const std::string&)> say;  // one line for people; never empty
  StagingSettings staging{};                    // never
};

class Coordinator {
 public:
  // `comm` and `ledger` must outlive the coordinator. `welcome` is sent to every worker that says hello.
  Coordinator(CoordinatorSettings settings, std::vector<Task> tasks, Welcome welcome, Comm& comm, Ledger& ledger);

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

  // Nothing is running and nothing more will be started.
  bool finished() const;
  bool stopping() const { return stopping_; }
  // Every worker that ever said hello is still heard of.
  bool all_alive() const;

  struct Counts {
    int total = 0, done = 0, failed = 0, running = 0, pending = 0;
    double cost_done = 0, cost_total = 0;  // running cells count by their epochs done
    int workers = 0, slots = 0;
  };
  Counts counts() const;
  // Cells that failed in this run, with their causes.
  const std::vector<std::pair<Cell, std::string>>& failures() const { return failures_; }
  // Why the run is over although cells are pending and nobody asked it to stop; empty otherwise.
  std::string stuck() const;

  // Derives the invariants between tasks, slots and queue anew; throws Error(fatal) if one does not hold. For tests.
  void sanity_check() const;

 private:
  enum class TaskState { queued, running, done, failed };
  struct TaskEntry {
    Task task;
    TaskState state = TaskState::queued;
    int attempt = 0;             // newest begun
    int worker = -1, slot = -1;  // while running
    int crashes = 0, losses = 0;
    int pack_limit = kLargestPack;  // halved whenever a pack with this cell dies: so the culprit is found
    int crashed_on = -1;            // worker of the last crash: tried elsewhere if there is another
    double fraction = 0;            // of its epochs done, while running
    bool has_result = false;        // a late result of a given-up attempt counts already
  };
  enum class SlotState { starting, ready, staging, busy, broken };
  struct SlotEntry {
    SlotState state = SlotState::starting;
    Environment environment;
    int largest_pack = 0;              // as in Ready
    std::string staging_lacks;         // as in Ready
    std::map<std::size_t, int> tasks;  // while busy: those that have not ended, and their attempts
  };
  struct WorkerEntry {
    std::string host;
    std::vector<SlotEntry> slots;
    double last_heard = 0;
    bool alive = true, leaving = false, bye = false;
  };

  void on_hello(int worker, const Hello& hello, Now now);
  void on_slots(int worker, const Slots& slots);
  void on_slot_ready(int worker, const SlotReady& ready);
  void on_slot_broken(int worker, const SlotBroken& broken);
  void on_stage_id(int worker, const SlotStageId& id, Now now);
  void on_slot_staged(int worker, const SlotStaged& staged);
  void leave_staging(int worker, const std::string& why);
  Staging::View staging_view() const;
  void on_heartbeat(const Heartbeat& heartbeat);
  void on_finished(int worker, Origin from, const CellResult& result);
  void on_failed(int worker, const CellFailed& failed, Now now);
  void on_pack_crashed(int worker, const PackCrashed& crash, Now now);
  void on_stopped(int worker, const CellStopped& stopped, Now now);
  void give_up_worker(int worker, Now now, const std::string& why);
  void expire_leases(Now now);
  void hand_out(Now now);
  void assign(const std::vector<std::size_t>& tasks, int worker, int slot, Now now);
  Train begin(std::size_t task, int worker, int slot, const Environment& where, Now now);
  void ping(Now now);

  // The slot's running task if it is `attempt` of `cell`; frees the slot if it was the pack's last. nullopt for a
  // report of a given-up attempt.
  std::optional<std::size_t> release(int worker, Origin from, const Cell& cell, int attempt);
  std::size_t find_task(const Cell& cell) const;
  SlotEntry* slot_of(int worker, int slot);
  void end_attempt(std::size_t task, Outcome outcome, bool final, const std::string& cause, const std::string& detail,
                   Now now);
  std::vector<std::size_t> next_pack_for(int worker, const SlotEntry& slot) const;

  CoordinatorSettings settings_;
  Welcome welcome_;
  Comm& comm_;
  Ledger& ledger_;
  Staging staging_;
  std::vector<TaskEntry> tasks_;  // longest expected first: the order in which they are handed out
  std::map<std::string, std::size_t> by_name_;
  std::set<std::size_t> queue_;  // indices of queued tasks
  std::map<int, WorkerEntry> workers_;
  std::vector<std::pair<Cell, std::string>> failures_;
  std::string last_broken_;
  bool stopping_ = false;
  double last_ping_ = -1e300;
};

}  // namespace mtlgrid

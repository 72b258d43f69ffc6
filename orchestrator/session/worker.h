// The worker: what every rank does, rank 0 too. It supervises its trainers, passes cells to them and reports what
// becomes of them. Handlers like the coordinator's; `Trainers` and `Comm` are seams for tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/trainers.h"
#include "orchestrator/scheduler/comm.h"
#include "orchestrator/scheduler/messages.h"
#include "orchestrator/session/worker_slot.h"

namespace mtlgrid {

class Worker {
 public:
  // Makes this rank's trainers once the coordinator's welcome says what they need.
  using TrainersFactory = std::function<std::unique_ptr<Trainers>(const Welcome&)>;
  // `comm` sends to the coordinator (`kCoordinator`) and must outlive the worker.
  Worker(int rank, std::string host, TrainersFactory make_trainers, CommToCoordinator& comm);

  // Says hello; trainers are started when the coordinator's welcome arrives.
  void begin(double now);
  // Throws Error(fatal) on a message that makes no sense or that nobody knows.
  void on_message(const ToWorker& message, double now);
  // Takes in what the trainers have to say.
  void poll();
  // Ends all trainer processes, before this rank leaves.
  void end_trainers();
  // Heartbeats, and leaving when the coordinator has not been heard of for two leases.
  void on_tick(double now);
  // This rank was signalled: checkpoint everything, take no more cells; then wait for the coordinator's word.
  void request_stop(double now);

  // For rehearsals: kills the trainer of its first busy slot as a crash would; the slot, or -1 if none is busy.
  int kill_a_trainer();

  // Ends all trainers without another checkpoint.
  void kill_trainers();

  // The coordinator said shutdown (its content is here), or is gone (`orphaned`).
  const std::optional<Shutdown>& shutdown() const { return shutdown_; }
  bool orphaned() const { return orphaned_; }
  bool busy() const;
  bool welcomed() const { return welcome_.has_value(); }

 private:
  // One for each alternative of ToWorker.
  void on(const Welcome& welcome);
  void on(const Assign& assign);
  void on(const ReleaseSlot& release);
  void on(const AskStageId& ask);
  void on(const StageSlot& stage);
  void on(const StopStaging& stop);
  void on(const Ping&) {}
  void on(const StopAll&) { stop_slots(); }
  void on(const Shutdown& shutdown) { shutdown_ = shutdown; }
  void on(const OtherMessage& message);
  // One for each alternative of FromTrainer.
  void on(const Ready& ready, int slot);
  void on(const StageId& id, int slot);
  void on(const Staged& staged, int slot);
  void on(const Progress& progress, int slot);
  void on(const Finished& finished, int slot);
  void on(const Failed& failed, int slot);
  void on(const Stopped& stopped, int slot);
  void on(const Alive&, int) {}

  void on_trainer(const TrainerEvent& event);
  void on_death(const TrainerDied& died);
  // Kills a trainer whose messages make no sense, for `why`; its death is what will be reported.
  void break_off(int slot, const std::string& why);
  void start(int slot);
  void train(int slot);  // sends the slot's pack to its trainer
  // A member of the slot's pack has ended: how many are left. A report about a cell that is not in the pack ends the
  // trainer; nullopt then.
  std::optional<int> end(int slot, const Cell& cell, int attempt);
  void report_stopped(int slot);  // all cells of a pack that was not begun
  void stop_slots();
  void send(int slot, const ToTrainer& message) { trainers_->send(slot, encode_message(message)); }
  WorkerSlot& slot_at(int slot) { return slots_[static_cast<std::size_t>(slot)]; }
  // Throws Error(fatal) if there is no such slot; `what` was assigned to it.
  WorkerSlot& slot_for(int slot, const char* what);
  void heartbeat(double now);

  int rank_;
  std::string host_;
  TrainersFactory make_trainers_;
  CommToCoordinator& comm_;
  std::unique_ptr<Trainers> trainers_;
  std::optional<Welcome> welcome_;
  std::vector<WorkerSlot> slots_;
  std::optional<Shutdown> shutdown_;
  bool stopping_ = false, orphaned_ = false;
  double now_ = 0;  // of the last call
  double last_heard_ = 0, last_beat_ = -1e300;
};

// A trainer that dies this often in a row without a cell is not started again: its installation is broken.
inline constexpr int kStartTries = 3;
// A worker that was not welcomed yet takes rank 0 for dead after so long: that sends a ping every two seconds
// while it reads and checks the data and opens the store (keep_alive.h). Guessed; nvidia-smi alone may take 30 s.
inline constexpr double kPlanningSeconds = 300;

}  // namespace mtlgrid

// The worker: what every rank does, rank 0 too. It supervises its trainers, passes cells to them and reports what
// becomes of them. Handlers like the coordinator's; `Trainers` and `Comm` are seams for tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/supervisor.h"
#include "orchestrator/scheduler/coordinator.h"
#include "orchestrator/scheduler/messages.h"

namespace mtlgrid {

class Worker {
 public:
  // Makes this rank's trainers once the coordinator's welcome says what they need.
  using TrainersFactory = std::function<std::unique_ptr<Trainers>(const Welcome&)>;
  // `comm` sends to the coordinator (`kCoordinator`) and must outlive the worker.
  Worker(int rank, std::string host, TrainersFactory make_trainers, Comm& comm);

  // Says hello; trainers are started when the coordinator's welcome arrives.
  void begin(double now);
  void on_message(const nlohmann::json& message, double now);
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

  // The coordinator said shutdown (its content is here), or is gone (`orphaned`).
  const std::optional<Shutdown>& shutdown() const { return shutdown_; }
  bool orphaned() const { return orphaned_; }
  bool busy() const;
  bool welcomed() const { return welcome_.has_value(); }

 private:
  enum class State { absent, starting, ready, staging, busy, broken };
  struct Slot {
    State state = State::absent;
    int deaths = 0;                 // in a row while it had no cell
    std::optional<TrainPack> pack;  // while busy, or waiting for the trainer to be ready
    std::vector<Progress> running;  // its members that have not been reported
    double staged_by = 0;           // while staging: when it has been silent for too long
    double heard = 0;               // while busy: when it was last heard of
    bool stalled = false;           // killed since there was none for too long
  };
  void on_welcome(const Welcome& welcome, double now);
  void on_assign(const Assign& assign);
  void on_stage_id(int slot);
  void on_stage(const StageSlot& stage, double now);
  void on_stage_stop(int slot);
  void on_release(const ReleaseSlot& release);
  void on_trainer(const TrainerEvent& event);
  void stop_slots();
  void on_ready(int slot, const Ready& ready);
  void on_staged(int slot, const Staged& staged);
  void on_report(int slot, const nlohmann::json& message);
  void on_death(const TrainerDied& died);
  void start(int slot);
  void train(int slot);           // sends the slot's pack to its trainer
  void report_stopped(int slot);  // all cells of a pack that was not begun
  Slot& slot_at(int slot, const char* what);
  void heartbeat(double now);

  int rank_;
  std::string host_;
  TrainersFactory make_trainers_;
  Comm& comm_;
  std::unique_ptr<Trainers> trainers_;
  std::optional<Welcome> welcome_;
  std::vector<Slot> slots_;
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

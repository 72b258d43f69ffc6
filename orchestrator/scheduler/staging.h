// Staging from the coordinator's side: who takes part, and when it is over. What trainers do:
// trainer/training/staging.h.
//
// Once, at a run's start: it waits for all trainers, asks the first for NCCL's id, sends that to one trainer of each
// GPU, and waits for their answers. Then, and where it fails, it is over for good: a trainer that starts
// later reads files. Pure handlers over events and the time, like the coordinator, which holds it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/scheduler/comm.h"
#include "orchestrator/scheduler/slot_address.h"
#include "orchestrator/scheduler/worker_table.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

struct StagingSettings {
  int least = 0;            // trainers with a GPU of their own that it is done for; 0: never
  int workers = 1;          // that will say hello
  std::uint64_t bytes = 0;  // of all features as float16
};
// As `train.staging` says. `gpus`: this rank's trainers have some. Where they have none nobody is waited for, so a run
// whose first rank has no GPU does not stage.
StagingSettings staging_settings(const RunSettings& run, bool gpus, int workers, std::uint64_t bytes);

// From the first trainer that is ready until those that are there go without the others. Guessed: a trainer starts in
// about 10 s, on a cold shared disk in more.
inline constexpr double kGatherSeconds = 120;
// For the id. Guessed: NCCL makes it in less than a second.
inline constexpr double kIdSeconds = 60;
// What features are read at, at the slowest: one process, a shared disk. Guessed.
inline constexpr double kSlowestBytesPerSecond = 20e6;
// What a trainer may take, beyond its own timeout, to abort; then its worker kills it. Guessed.
inline constexpr double kAbortSeconds = 60;

class Staging {
 public:
  // `comm` must outlive this object; `say` takes one line for people.
  Staging(const StagingSettings& settings, CommToWorkers& comm, std::function<void(const std::string&)> say);

  void on_tick(const WorkerTable& workers, double now);
  void on_id(SlotAddress from, const StageId& answer, double now);
  void on_staged(SlotAddress from, const Staged& answer);
  // Its trainer died or was started again, or its worker is lost: whatever it was told to do, it no longer does.
  void on_gone(SlotAddress slot, const std::string& why);
  // The run is to stop. Trainers hear of that from their workers.
  void stop() { state_ = State::over; }

  bool over() const { return state_ == State::over; }
  // No cells yet for a trainer that can take part: it has a GPU and lacks nothing.
  bool gathers() const { return state_ == State::gathering || state_ == State::asking; }
  static bool can_take_part(const std::string& device, const std::string& lacks);
  // Those that were told to stage and have not answered.
  const std::set<SlotAddress>& at_work() const { return at_work_; }

 private:
  enum class State { gathering, asking, running, over };
  struct Participant {
    SlotAddress at;
    std::string host;
  };
  struct View;  // what it looks at of the slots of workers that may be used
  static View view_of(const WorkerTable& workers);
  void choose(const View& view, double now);
  void send_orders(const std::string& id, double now);
  void fail(const std::string& why);
  void lose(const std::string& why);
  void finish();

  StagingSettings settings_;
  CommToWorkers& comm_;
  std::function<void(const std::string&)> say_;
  State state_;
  std::optional<double> first_ready_;
  double deadline_ = 0;                    // of what is being waited for
  std::vector<Participant> participants_;  // by their ranks
  std::set<SlotAddress> at_work_;
  std::vector<Staged> done_;  // answers without an error
  std::string cause_;         // of the first answer that is none, or death
};

}  // namespace mtlgrid

// The trainer processes of a simulated rank, and the disk that their checkpoints are on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/trainers.h"
#include "tests/orchestrator/simulation/events.h"
#include "tests/orchestrator/simulation/simulated_cells.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid::simulation {

// How the trainers of a simulation behave. Seconds.
struct TrainerHabits {
  int slots = 1;                  // of a rank
  double start = 8;               // of a process, until it is ready
  double step = 1;                // a stop is heard at the next step
  double save = 2;                // a checkpoint counts when it is whole
  double checkpoint_every = 300;  // besides every epoch's end
  std::string device = "cpu";     // "cuda..." makes the coordinator form packs
  double pack_cost = 0.35;        // a pack of n takes 1 + (n - 1) * this times as long as one
  double most_lost() const;       // of the work of a cell, by any death: what checkpoints promise
};

// What was trained and saved, by attempts' folders. Outlives all trainers.
class Disk {
 public:
  // What a folder's trainer has reached, if one ever trained there: seconds of the cell's work.
  struct Folder {
    std::size_t cell = 0;
    int attempt = 0;
    double begun_at = 0;               // what it went on from
    double reached = 0;                // until it ended
    std::optional<double> checkpoint;  // of its own
    std::string fault;                 // what befell it; empty: nothing did
  };
  // Work that had been done by the attempt before and was done again by this one.
  struct Loss {
    std::size_t cell;
    int attempt;
    double seconds;
    std::string fault;
  };

  std::map<int, Folder>& attempts(std::size_t cell) { return folders_[cell]; }
  // The newest whole checkpoint in `resume`, by the names of folders; 0 if there is none.
  double checkpoint(std::size_t cell, const std::vector<std::string>& resume) const;
  void add(const Loss& loss) { losses_.push_back(loss); }
  const std::vector<Loss>& losses() const { return losses_; }
  // Forgets a cell's folders: it is done. Saves memory in large simulations.
  void forget(std::size_t cell) { folders_.erase(cell); }

 private:
  std::unordered_map<std::size_t, std::map<int, Folder>> folders_;
  std::vector<Loss> losses_;
};

// All processes of a rank. They die with the rank (`end`), not with the worker's object.
class TrainerPool {
 public:
  // `wake`: something is to be polled. `take_rank_down`: a cell does that. What is passed must outlive the pool.
  TrainerPool(Events& events, const SimulatedGrid& grid, Disk& disk, const TrainerHabits& habits,
              std::function<void()> wake, std::function<void()> take_rank_down);

  // What the worker holds of the pool; ends the processes with its life.
  std::unique_ptr<Trainers> handle();

  // The processes are gone at once, whatever they did.
  void end();
  // SIGKILL from outside. Returns the cells that the process trained; empty if there was no process.
  std::vector<std::size_t> crash(int slot, const std::string& cause);
  // Cells that are being trained, of all slots.
  std::vector<std::size_t> training() const;
  // Notes for the account of losses what befalls the running attempts.
  void note_fault(const std::string& fault);
  double worked() const { return worked_; }  // seconds of training, all slots

 private:
  struct Member {
    std::size_t cell;
    int attempt;
    Disk::Folder* folder;
    double done;  // seconds of its work, when the slot was last settled
    int told_epoch;
  };
  struct Slot {
    enum class State { absent, starting, waiting, training } state = State::absent;
    unsigned generation = 0;  // of what was planned: later events of an earlier one are void
    std::vector<Member> members;
    double settled = 0;
    bool stopping = false;
  };
  class Handle;

  void start(int slot);
  void send(int slot, const nlohmann::json& message);
  std::vector<TrainerEvent> poll();
  void kill(int slot) { die(slot, "killed by signal 9 (SIGKILL)"); }
  bool running(int slot) const { return at(slot).state != Slot::State::absent; }

  Slot& at(int slot) { return slots_[static_cast<std::size_t>(slot)]; }
  const Slot& at(int slot) const { return slots_[static_cast<std::size_t>(slot)]; }
  void train(int slot, const TrainPack& pack);
  void stop(int slot);
  void release(int slot, const std::vector<std::string>& methods);
  void settle(Slot& slot);
  void plan_next(int slot);
  void on_due(int slot, unsigned generation);
  void end_member(int slot, std::size_t member, const FromTrainer& report);
  void leave(Slot& slot);  // the process is gone: what its members reached stays on the disk
  void die(int slot, const std::string& cause);
  void report(int slot, const FromTrainer& message);
  double rate(const Slot& slot) const;
  double target(const Member& member) const;
  double saved(const Member& member) const;

  Events& events_;
  const SimulatedGrid& grid_;
  Disk& disk_;
  TrainerHabits habits_;
  std::function<void()> wake_, take_rank_down_;
  std::vector<Slot> slots_;
  std::vector<TrainerEvent> events_to_tell_;
  double worked_ = 0;
};

}  // namespace mtlgrid::simulation

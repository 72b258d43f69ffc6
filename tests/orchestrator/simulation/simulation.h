// Whole jobs in virtual time: the real coordinator and real workers over a network, trainers, disk and store that are
// made up, fail as the test says, and remember what happened.
#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/scheduler/coordinator.h"
#include "orchestrator/session/worker.h"
#include "tests/orchestrator/simulation/events.h"
#include "tests/orchestrator/simulation/line.h"
#include "tests/orchestrator/simulation/simulated_cells.h"
#include "tests/orchestrator/simulation/simulated_store.h"
#include "tests/orchestrator/simulation/simulated_trainers.h"

namespace mtlgrid::simulation {

struct SimulationSettings {
  ClusterSettings cluster;
  TrainerHabits trainers;
  int ranks = 4, ranks_per_node = 2;
  int pack = 0;             // train.pack
  double latency = 5e-4;    // seconds, of a message
  double turn = 1e-3;       // of the coordinator's event loop while messages come
  double idle_turn = 1;     // and while none do
  bool check_state = true;  // Coordinator::sanity_check after every turn: costs O(cells)
  std::uint64_t most_events = std::numeric_limits<std::uint64_t>::max();  // more: it does not end
  bool keep_folders = true;  // false: forgets folders of cells that are done, for large grids
};

// Where rank 0 dies within a turn of its loop.
enum class Deathbed { before_commit, after_commit, after_sending };

class Simulation;

class Job;

// A rank's process: its worker and trainers.
class Rank {
 public:
  Rank(Job& job, int number, std::string host, double steady_offset);
  Rank(const Rank&) = delete;
  Rank& operator=(const Rank&) = delete;

  void begin();
  void kill();  // SIGKILL: trainers go too; some of the messages that are on their way get lost
  void freeze();
  void thaw();
  void signal();  // USR1
  void cut();
  void heal();

  bool alive() const { return alive_; }
  const std::string& host() const { return host_; }
  int number() const { return number_; }
  TrainerPool& trainers() { return pool_; }
  Line<ToWorker>& from_coordinator() { return down_; }
  Line<ToCoordinator>& to_coordinator() { return up_; }

 private:
  class Outbox;
  void turn();
  void wake();
  void tick_later();
  double steady() const;

  Job& job_;
  int number_;
  std::string host_;
  double steady_offset_;
  TrainerPool pool_;
  Line<ToWorker> down_;
  Line<ToCoordinator> up_;
  std::unique_ptr<CommToCoordinator> outbox_;
  Worker worker_;
  std::vector<ToWorker> inbox_;
  std::vector<ToCoordinator> letters_;
  bool alive_ = true, frozen_ = false, signalled_ = false, woken_ = false;
  double orphaned_since_ = -1;
};

// One allocation: from the hello of its ranks until the coordinator is finished or dead.
class Job {
 public:
  enum class End { running, all_done, stopped, stuck, died };

  Job(Simulation& simulation, int number, std::vector<QueuedCell> cells);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  void begin();
  void request_stop();                   // USR1 to every rank
  void kill_all();                       // scancel, the end of the grace time
  void kill_coordinator(Deathbed when);  // rank 0, in the next turn of its loop
  void freeze_coordinator(double seconds);

  End end() const { return end_; }
  int number() const { return number_; }
  std::vector<std::unique_ptr<Rank>>& ranks() { return ranks_; }
  Coordinator* coordinator() { return coordinator_.get(); }
  Simulation& simulation() { return simulation_; }
  const std::vector<std::string>& said() const { return said_; }

 private:
  friend class Rank;
  class Outbox;
  void on_message(int from, ToCoordinator message);  // arrived at rank 0
  void plan_turn(double delay);
  void turn();
  void die();
  void finish();
  Coordinator::Now now() const;

  Simulation& simulation_;
  int number_;
  double steady_offset_;
  std::unique_ptr<CommToWorkers> outbox_;
  std::unique_ptr<Coordinator> coordinator_;
  std::vector<std::unique_ptr<Rank>> ranks_;
  std::deque<std::pair<int, ToCoordinator>> inbox_;
  std::vector<std::pair<int, ToWorker>> letters_;
  std::vector<std::string> said_;
  double next_turn_ = -1;
  bool frozen_ = false, stop_asked_ = false;
  std::optional<Deathbed> deathbed_;
  End end_ = End::running;
};

class Simulation {
 public:
  // `store` may be given to plant faults in it; it must outlive the simulation and be of the same `grid`.
  Simulation(const SimulatedGrid& grid, SimulationSettings settings, unsigned seed, SimulatedStore& store);
  ~Simulation();

  // A job over all cells that the store does not know as done or failed. The ranks of earlier ones may still live.
  Job& begin_job();
  Job* job() { return jobs_.empty() ? nullptr : jobs_.back().get(); }
  std::size_t jobs() const { return jobs_.size(); }

  // Runs events until `over`, or until `latest`; whether it was over.
  bool run(const std::function<bool()>& over, double latest);
  // Begins jobs, each `pause` seconds after the end of the one before, until one is done with all cells. False, and a
  // violation, if that is not reached before `latest`.
  bool run_to_the_end(double latest, const std::function<double()>& pause);

  // What is asked of a run that is over, besides what the store saw: each healthy cell done once, each other failed
  // with its cause, no result lost that reached the coordinator, no work lost beyond a checkpoint interval.
  void check_end();
  const std::vector<std::string>& violations() const { return violations_; }
  void violation(const std::string& what) { violations_.push_back(what); }

  Events& events() { return events_; }
  const SimulatedGrid& grid() const { return grid_; }
  const SimulationSettings& settings() const { return settings_; }
  SimulatedStore& store() { return store_; }
  Disk& disk() { return disk_; }
  std::mt19937& random() { return random_; }
  double latency() { return settings_.latency * latency_factor_; }
  void set_latency_factor(double factor) { latency_factor_ = factor; }
  double wall() const { return 1.7e9 + events_.now() + wall_offset_; }
  void jump_clock(double seconds) { wall_offset_ += seconds; }

  // A cell that a fault from outside befell: it may be failed for it if that happened too often.
  void hit(std::size_t cell, Outcome outcome);
  void on_result_arrived(const CellResult& result);

  std::uint64_t results_arrived() const { return arrived_.size(); }
  double last_result() const { return last_result_; }
  double first_ready() const { return first_ready_; }
  void on_slot_ready();
  double worked() const;
  void tell() const;  // prints what the coordinators said, and all attempts

 private:
  std::vector<QueuedCell> cells();
  int cut_off_at_once(std::size_t cell);
  void check_cell(std::size_t cell);

  const SimulatedGrid& grid_;
  SimulationSettings settings_;
  std::mt19937 random_;
  SimulatedStore& store_;
  Events events_;
  Disk disk_;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::vector<std::pair<std::size_t, int>> arrived_;  // cells and attempts
  std::unordered_map<std::size_t, int> crash_hits_, loss_hits_;
  std::vector<std::string> violations_;
  double latency_factor_ = 1, wall_offset_ = 0, last_result_ = 0, first_ready_ = -1;
};

}  // namespace mtlgrid::simulation

// The life of one of a worker's trainers: the worker's side of a slot.
//
//   absent -> starting -> ready -> busy -> ready
//                         ready -> staging -> ready
//
// A death leads to absent from any state, and from there to starting, or to broken if its trainer died too often.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

class WorkerSlot {
 public:
  enum class State { absent, starting, ready, staging, busy, broken };

  State state() const { return state_; }
  bool busy() const { return state_ == State::busy; }
  // While busy, or waiting for the trainer to be ready.
  const std::optional<TrainPack>& pack() const { return pack_; }
  // Members of the pack that have not been reported.
  const std::vector<Progress>& running() const { return running_; }

  void start(double now) {
    state_ = State::starting;
    heard_ = now;
  }
  void become_ready() { state_ = State::ready; }
  // A ready trainer was told to stage; it must answer until `deadline`.
  void stage(double deadline);
  // A pack to be trained, at once or when the trainer is ready.
  void take(const TrainPack& pack);
  void train(double now);
  // Gives back a pack that was not begun; returns its cells.
  std::vector<Progress> drop_pack();
  // Its trainer said something.
  void hear(double now) { heard_ = now; }
  // False unless it is of a running member of the pack.
  bool progress(const Progress& progress);
  // Whether it is a running member of the pack.
  bool trains(const Cell& cell, int attempt) { return busy() && find(cell, attempt) != running_.end(); }
  // Its trainer was told to leave the cells of these methods.
  void release(const std::vector<std::string>& methods) { released_.insert(methods.begin(), methods.end()); }
  bool released(const Cell& cell) const { return released_.count(cell.method) != 0; }
  // A member of the pack has ended: how many are left; nullopt if it is not a running one of a busy trainer. With the
  // last the trainer is ready again.
  std::optional<int> end(const Cell& cell, int attempt);
  // It must be killed: staging took too long, or it was silent for `stall_seconds` while busy or starting. True once
  // for a silence.
  bool overdue(double now, double stall_seconds);

  // Until its trainer has died, nothing that it says counts, for `why`.
  void break_off(const std::string& why) { broken_off_ = why; }
  bool broken_off() const { return !broken_off_.empty(); }

  // What its trainer left behind when it died.
  struct Remains {
    std::optional<TrainPack> pack;
    std::vector<Progress> running;
    bool stalled = false;      // it was killed since it was silent for too long
    std::string broken_off{};  // why nothing that it says counts any more; empty: it does
  };
  Remains die();
  // How often in a row a trainer has died without a cell.
  int deaths() const { return deaths_; }
  void give_up() { state_ = State::broken; }

 private:
  std::vector<Progress>::iterator find(const Cell& cell, int attempt);

  State state_ = State::absent;
  int deaths_ = 0;
  std::optional<TrainPack> pack_;
  std::vector<Progress> running_;
  std::set<std::string> released_;  // methods of the pack
  double stage_deadline_ = 0;       // while staging
  double heard_ = 0;                // while starting or busy: when its trainer was last heard of
  bool stalled_ = false;
  std::string broken_off_;
};

}  // namespace mtlgrid

// The life of a trainer's slot, as the coordinator knows it.
//
//              ready          assign           end of the last cell
//   starting --------> ready --------> busy -----------------------> ready
//                      ready --------> staging ---------------------> ready
//                            stage               staged, or a new process is ready
//
// From any state but busy: `breaks` to broken, `ready` to ready (a new process). A death of its process or the loss of
// its worker leads to starting. A message that does not suit the state changes nothing: it crossed one of ours.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "results/records/records.h"

namespace mtlgrid {

class TrainerSlot {
 public:
  enum class State { starting, ready, staging, busy, broken };

  // What a trainer says of itself when it is ready (pipe_messages.h, Ready).
  struct Facts {
    Environment environment;
    int largest_pack = 0;
    std::string staging_lacks;
  };

  State state() const { return state_; }
  bool busy() const { return state_ == State::busy; }
  const Environment& environment() const { return facts_.environment; }
  int largest_pack() const { return facts_.largest_pack; }
  const std::string& staging_lacks() const { return facts_.staging_lacks; }
  const std::string& why_broken() const { return why_broken_; }
  // While busy: the running cells of its pack, by their indices, with their attempts.
  const std::map<std::size_t, int>& cells() const { return cells_; }
  // Those of them that were asked back for an idle trainer.
  const std::set<std::size_t>& released() const { return released_; }

  // A new process waits for a cell. False, without a change, while it is busy.
  bool ready(const Facts& facts);
  // Its process is not started again. False, without a change, while it is busy.
  bool breaks(const std::string& why);
  // It was told to take part in staging; only a ready one does.
  void stage();
  // Its trainer has answered to staging and waits for a cell; nothing while it is busy or broken.
  void staged(const Environment& environment);
  // It gets a pack of `size` cells of these methods (comma-separated). Throws Error(fatal) unless it is ready. Each
  // cell is then added.
  void assign(int size, const std::string& methods);
  void add(std::size_t cell, int attempt) { cells_[cell] = attempt; }
  // The cell is asked back for an idle trainer.
  void ask_back(std::size_t cell) { released_.insert(cell); }
  // Its trainer reported the end of `attempt` of the cell; `last`: no cell of its pack is left to be reported. It is
  // ready then, whatever it was thought to do.
  void ended(std::size_t cell, int attempt, bool last);
  // Its process died, and all cells of its pack have been reported as ended.
  void died() { state_ = State::starting; }
  // Its worker is lost: what it does is not known until it is heard of again. Returns the cells that it trained.
  std::map<std::size_t, int> lost();

 private:
  State state_ = State::starting;
  Facts facts_;
  std::map<std::size_t, int> cells_;
  std::set<std::size_t> released_;
  std::string why_broken_;
};

}  // namespace mtlgrid

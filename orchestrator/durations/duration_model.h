// How long cells take.
//
// The model of LearnedLengths. A cell of pair p, method m and fold f on a device is expected to take
//   epochs(m, p, f) * seconds(m, p) + rest(m, p),
//   epochs  = exp(a + a_m + a_p + a_pf), never less than early stopping needs nor more than train.epochs; of all
//             devices. a_pf is of a pair's fold: early stopping looks at the same patients for all methods
//   seconds = guessed seconds of its epoch, by its own bags (cost.h) * exp(b + b_m + b_p)
//   rest    = (guessed seconds of its evaluation + a constant) * exp(c + c_m + c_p)
// where rest is what a trainer does before and after the epochs. b and c belong to the device: the CPU (by number of
// threads) and each kind of GPU, alone and in packs, where a cell's time is its share of the pack's. All effects are 0
// until cells are done, and follow what was seen the more the more there is (log_effects.h). How far guesses may be off
// are constants in lengths.cpp; so is that of the conditions of the machines (other work, other nodes), which all cells
// to come have in common and which results of the past do not tell.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/durations/cost.h"
#include "orchestrator/plan/plan.h"
#include "results/records/records.h"
#include "results/store/measured.h"

namespace mtlgrid {

struct CellLengths {
  virtual ~CellLengths() = default;
  // Seconds of a trainer's time for the whole cell, alone.
  virtual double expected(const Cell& cell) const = 0;
  // A cell is done: what is expected of others may change.
  virtual void observe(const CellResult& result) = 0;
};

// Seconds until the last cell is done: `running` are what is left of those that occupy a slot each, `queued` are taken
// in their order by the slot that is free first. `slots` is at least the number of running ones.
// Cost: (running + queued) * log(slots).
double remaining_makespan(std::vector<double> running, std::vector<double> queued, int slots);

// Learns from results. What it answers does not depend on their order, to the bit. Not thread safe.
class LearnedLengths : public CellLengths {
 public:
  // Does not keep `plan`.
  explicit LearnedLengths(const Plan& plan);
  ~LearnedLengths() override;
  LearnedLengths(LearnedLengths&&) noexcept;
  LearnedLengths& operator=(LearnedLengths&&) noexcept;

  // In constant time, but for the first call after something was learned, which fits the model anew: milliseconds.
  // Throws Error(fatal) for a cell whose pair, fold or method the plan does not have.
  double expected(const Cell& cell) const override;
  // In constant time. Results without epochs or of cells that the plan does not have teach nothing.
  void observe(const CellResult& result) override;
  // All results that the store has of its grid (use_grid() came before). Once: a second time would count twice.
  void learn(const Store& store);
  void learn(const std::vector<MeasuredCell>& measured);

  // Cells learned from, of all devices.
  int observed() const;
  // The device that answers are for: of those that train.device and train.threads allow the one that most cells were
  // observed on, in this run before those of the store; and how many. "" and 0: none yet, all is guessed.
  std::string device() const;
  int observed_on_device() const;
  // For people: "from 36 cells measured in this store on cpu", or what is guessed.
  std::string basis() const;
  bool on_gpu() const;  // of that device; false where it is not known
  // How far a cell's real length is expected to be from expected(): the root of the mean square of the logarithm of
  // their ratio, over all cells; 0.1 is about 10 %.
  double error() const;

  // What that device was guessed to be (cost.h), and how many times longer than guessed training of a cell's pair with
  // its method takes; `sure`: a number that only one in ten would be above.
  MachineGuess machine() const;
  double training_factor(const Cell& like, bool sure) const;

  // `count` lengths of all `cells`, each as likely as the others by what is known: [count, cells]. What is common to
  // cells (the device's speed, a method's) is common within a draw. The same whenever asked.
  std::vector<std::vector<double>> draws(const std::vector<Cell>& cells, int count) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// How long before the end of an allocation everything must be told to checkpoint: the longest training step (nothing
// is heard within one), saving, and a margin (stop_lead.h); at least 30 s.
double stop_lead_seconds(const Plan& plan, const LearnedLengths& lengths);

}  // namespace mtlgrid

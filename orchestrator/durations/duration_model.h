// How long cells take: guessed from operation counts at first, learned from finished cells as they come in.
//
// A cell of pair p, method m and fold f on a device is expected to take
//   epochs(m, p, f) * seconds(m, p) + rest(m, p),
//   epochs  = exp(a + a_m + a_p + a_pf), at least what early stopping needs and at most train.epochs; shared by all
//             devices. a_pf belongs to a pair's fold: early stopping looks at the same patients for all methods
//   seconds = guessed seconds of an epoch over the cell's own bags (cost.h) * exp(b + b_m + b_p)
//   rest    = (guessed seconds of the evaluation + a constant) * exp(c + c_m + c_p)
// where rest is the trainer's time before and after the epochs. b and c belong to the device: the CPU (by number of
// threads) and each kind of GPU, alone and in packs, where a cell's time is its share of the pack's. All effects start
// at 0 and approach what was measured as measurements accumulate (log_effects.h). The standard deviations of the
// guesses are constants in duration_model.cpp. So is the one of the machines' conditions (other work, other nodes),
// which all future cells share and past results do not reveal.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/durations/cell_durations.h"
#include "orchestrator/durations/cost.h"
#include "orchestrator/plan/plan.h"
#include "results/records/measured_cell.h"

namespace mtlgrid {

// The answers do not depend on the order in which results were learned, to the bit. Not thread safe.
class DurationModel : public CellDurations {
 public:
  // Does not keep `plan`.
  explicit DurationModel(const Plan& plan);
  ~DurationModel() override;
  DurationModel(DurationModel&&) noexcept;
  DurationModel& operator=(DurationModel&&) noexcept;

  // Constant time, except that the first call after something was learned refits the model, which takes milliseconds.
  // Throws Error(fatal) for a cell whose pair, fold or method the plan does not have.
  double expected(const Cell& cell) const override;
  // Constant time. Ignores results without epochs and results of cells that the plan does not have.
  void observe(const CellResult& result) override;
  // Learns from the attempts that the store measured for the plan's grid. Call it once: a second call with the same
  // attempts counts them twice.
  void learn(const std::vector<MeasuredCell>& measured);

  // Cells learned from, on all devices.
  int observed() const;
  // The device that the answers are for: among those that train.device and train.threads allow, the one with the most
  // observed cells, where cells of this run outrank those of the store; and the number of its cells. "" and 0 if no
  // such device was observed yet and everything is guessed.
  std::string device() const;
  int observed_on_device() const;
  // One line for people: "from 36 cells measured in this store on cpu", or what is guessed.
  std::string basis() const;
  bool on_gpu() const;  // whether that device is a GPU; false if it is not known
  // How far a cell's real duration is expected to be from expected(): the root mean square of the logarithm of their
  // ratio, over all cells; 0.1 is about 10 %.
  double error() const;

  // The guess for that device (cost.h), and the factor between real and guessed training time for this cell's pair and
  // method. `sure`: a factor that only one in ten would exceed.
  MachineGuess machine() const;
  double training_factor(const Cell& like, bool sure) const;

  // `count` equally likely sets of durations of all `cells`: [count, cells], in seconds. What cells share (the speed of
  // the device, a method's effect) is shared within a draw. Every call gives the same draws.
  std::vector<std::vector<double>> draws(const std::vector<Cell>& cells, int count) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mtlgrid

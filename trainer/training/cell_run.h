// The run of one cell from data to result: its state, epochs, checkpoints and evaluation. Torch.
//
// The cell's network is one member of a stack (step.h), which pack_run.h trains; the stack may consist of this cell
// alone.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "results/metrics/bootstrap.h"
#include "trainer/contract/pipe_messages.h"
#include "trainer/training/cell_data.h"
#include "trainer/training/checkpoint.h"
#include "trainer/training/device_bags.h"
#include "trainer/training/step.h"

namespace mtlgrid {

class CellRun {
 public:
  // `experiment`, `train` and `bags` must outlive the run. Makes the attempt's folder.
  CellRun(const Experiment& experiment, const Train& train, DeviceBags& bags, Environment environment);

  // The cell's network, alone in its stack: from its checkpoint if there is one, else from its initial weights.
  StackStep start(at::Device device);
  // Sets the network's stack and its position there.
  void sits(StackStep& stack, std::size_t member) {
    stack_ = &stack;
    member_ = member;
  }

  const Train& train() const { return train_; }
  // The place of the next step.
  StepPlace place() const { return {state_.epoch, state_.step, state_.steps}; }
  bool epoch_ended() const { return static_cast<std::size_t>(state_.step) == data_.train.size(); }
  bool trained() const { return state_.trained; }
  bool resumed() const { return resumed_ > 0; }
  // Of the last epoch that is done; missing before there is one.
  EpochLosses losses() const;

  // Draws the order of the bags of the epoch that place() is in.
  void begin_epoch();
  // The bags of a step of that epoch, the same for all cells of a group; `meta` for Auto-Lambda's.
  Example example(const StepPlace& place) const;
  Example meta_example(const StepPlace& place) const;
  void step_done(const TaskLosses& losses);
  // Patients to validate on, and the end of the epoch with the sums of their losses: its row, best weights, whether it
  // was the last.
  std::size_t validation_size() const { return data_.valid.size(); }
  Example validation_example(std::size_t i) const;
  void finish_epoch(const TaskLosses& validation_sum);

  // Writes a checkpoint: at an interval; after an epoch if that is worth its cost, with `cells` trained together; and
  // on a stop.
  void checkpoint_if_due();
  void checkpoint_after_epoch(std::size_t cells);
  void write_checkpoint();
  // Evaluates the cell after training; nullopt: stopped on request, after a checkpoint was written.
  std::optional<CellResult> result(const std::function<bool()>& stop_requested);

 private:
  bool evaluate_cohort(const std::function<bool()>& stop_requested, const CellData::Cohort& cohort, CellResult& result);
  void write_weights() const;
  Example example_of(const CellPatient& patient) const;
  TrainingArrays arrays() const;
  int patience() const;

  const Experiment& experiment_;
  const Train& train_;
  DeviceBags& bags_;
  Environment environment_;
  CellData data_;
  GroupStreams streams_;
  StackStep* stack_ = nullptr;
  std::size_t member_ = 0;
  at::Tensor best_;  // [1, P]
  Checkpoints checkpoints_;
  TrainingState state_;
  int resumed_ = 0;                                // the epoch in which it continued from a checkpoint; 0: it did not
  std::vector<std::uint32_t> order_, meta_order_;  // of the bags, in this epoch
  double started_, epoch_began_, checkpointed_;
  double checkpoint_cost_ = 0;  // seconds that the last one took
};

}  // namespace mtlgrid

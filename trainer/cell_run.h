// One cell from its data to its result: training with checkpoints, then evaluation. Torch.
#pragma once

#include <optional>
#include <vector>

#include "results/metrics.h"
#include "trainer/cell_data.h"
#include "trainer/checkpoint.h"
#include "trainer/protocol.h"
#include "trainer/service.h"
#include "trainer/step.h"

namespace mtlgrid {

class CellRun {
 public:
  // `experiment`, `train` and `bags` must outlive the run. Makes the attempt's folder and goes on from a checkpoint
  // where there is one.
  CellRun(const Experiment& experiment, const Train& train, BagCache& bags, Environment environment);

  // nullopt: stopped on request, after a checkpoint was written.
  std::optional<CellResult> run(CellControl& control);

 private:
  bool train_epochs(CellControl& control);
  bool train_epoch(CellControl& control);
  void finish_epoch();
  TaskLosses validate() const;
  bool evaluate(CellControl& control, CellResult& result);
  bool evaluate_cohort(CellControl& control, const CellData::Cohort& cohort, CellResult& result);
  void write_checkpoint();
  void write_weights() const;
  Example example(const CellPatient& patient) const;
  TrainingArrays arrays() const;
  int patience() const;

  const Experiment& experiment_;
  const Train& train_;
  BagCache& bags_;
  Environment environment_;
  CellData data_;
  GroupStreams streams_;
  MethodStep step_;
  at::Tensor best_;  // [1, P]
  Checkpoints checkpoints_;
  TrainingState state_;
  double started_, epoch_began_, checkpointed_;
};

}  // namespace mtlgrid

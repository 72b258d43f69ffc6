// Checkpoints of a cell in training: the complete state, so that a resumed run is bit-equal to one that never stopped.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "results/records/records.h"
#include "trainer/formats/container.h"
#include "trainer/training/early_stopping.h"

namespace mtlgrid {

// The state of a run, apart from the arrays. Training continues with step `step` of epoch `epoch`.
struct TrainingState {
  int epoch = 1;                // from 1
  int step = 0;                 // steps done in this epoch
  std::int64_t steps = 0;       // steps done in all
  double loss_sum[2] = {0, 0};  // of this epoch's steps
  double seconds = 0;           // spent in this epoch
  bool trained = false;         // training has ended: evaluation is left
  EarlyStopping stopping;
  std::vector<EpochRow> epochs;
  nlohmann::json weighting;    // of the method, LossWeighting::save()
  nlohmann::json aggregation;  // of the method, Aggregator::save(); null: it has no state
};
void to_json(nlohmann::json& j, const TrainingState& s);
void from_json(const nlohmann::json& j, TrainingState& s);

// Arrays of a run, all of one length and type; the tensors' storage is read and written. `best` are the weights of the
// best epoch so far.
struct TrainingArrays {
  at::Tensor parameters, first_moment, second_moment, best;
};

// Whether to write a checkpoint after an epoch: its cost (seconds, as measured so far, for all cells that are trained
// together) must be a small share of the time since the last checkpoint. On a GPU an epoch of small bags takes less
// time than writing its 75 MB.
inline constexpr double kCheckpointShare = 0.05;
inline bool worth_a_checkpoint(double since_last, double cost) { return cost <= kCheckpointShare * since_last; }

// Whose checkpoints they are. Those of another cell, grid or identity, or that do not say so, are of no use.
struct CheckpointOwner {
  Cell cell;
  std::string grid;      // its identity, data included
  std::string identity;  // hash of everything that decides the cell's result
};

// The checkpoints of one attempt, in its folder: files checkpoint-NNNNNNNNNN, the number being `steps`.
class Checkpoints {
 public:
  Checkpoints(std::filesystem::path folder, CheckpointOwner owner)
      : folder_(std::move(folder)), owner_(std::move(owner)) {}

  // Writes a checkpoint, then removes the attempt's older ones. Errors as write_container; the older stay then.
  void write(const TrainingState& state, const TrainingArrays& arrays) const;
  // Resumes from the newest complete checkpoint in this folder or, if there is none, in `others` in their order: fills
  // `arrays` and returns the state. Checkpoints that are damaged or of another owner are reported through `say` and
  // skipped.
  std::optional<TrainingState> resume(const std::vector<std::filesystem::path>& others, const TrainingArrays& arrays,
                                      const std::function<void(const std::string&)>& say) const;

 private:
  std::filesystem::path folder_;
  CheckpointOwner owner_;
};

}  // namespace mtlgrid

// The interface of a gradient aggregation: one gradient of the shared parameters out of K task gradients.
//
// Every aggregation returns the gradient of a SUM of losses: where a paper averages over tasks, the result is
// multiplied by K.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "balancers/aggregations/gram.h"

namespace mtlgrid {

// The gradients g_k of K weighted losses by the P shared parameters in one training step, as far as the aggregation's
// row in the registry says that it reads them (AggregationInput). Asking for more throws std::logic_error: the trainer
// does not compute what is not needed.
class TaskGradients {
 public:
  virtual ~TaskGradients() = default;
  virtual int tasks() const = 0;
  // M of the g_k; for AggregationInput::gram and rows. Throws std::domain_error naming a task whose gradient is not
  // finite.
  virtual GramMatrix gram() = 0;
  // The g_k themselves, [K, P]; for AggregationInput::rows. Must not be written to.
  virtual at::Tensor rows() = 0;
  // Random numbers of this step, from the aggregation's own stream; each call gives the same ones.
  virtual at::Tensor uniform() = 0;  // [P] in [0, 1), float
  // For each task the other tasks in random order.
  virtual std::vector<std::vector<int>> order() = 0;
};

// g: either sum_k coefficients[k] g_k, or a new tensor [P] of the gradients' type; the other one is empty.
struct Aggregated {
  std::vector<double> coefficients;
  at::Tensor gradient;
};

// One run's aggregation. The small mathematics (Gram matrix to coefficients) is a pure function of its own beside the
// class, in the same file.
class Aggregator {
 public:
  virtual ~Aggregator() = default;
  // Called once per training step, after the losses of the step were weighted. It is not called where the trainer has
  // the sum of the weighted gradients already: with AggregationInput::weighted_sum. Results are finite for finite
  // gradients of float32, whatever their directions and lengths. Throws std::domain_error naming the first task whose
  // gradient is not finite; nothing is skipped.
  virtual Aggregated aggregate(TaskGradients& gradients) = 0;
  // Complete state, for checkpoints: after load(save()) every later result is bit-equal, also when the state passes
  // through JSON text or MessagePack. Null: the aggregation has no state. load() throws std::invalid_argument for the
  // state of another aggregation, and then changes nothing.
  virtual nlohmann::json save() const { return nullptr; }
  virtual void load(const nlohmann::json& state);
};

}  // namespace mtlgrid

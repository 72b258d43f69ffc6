// The interface of a loss weighting: how much the loss of each task counts, in the gradient of every parameter. Its
// state is a few doubles.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace mtlgrid {

// One run's weighting of K tasks. Calls per training step: weights(); then, if needs_meta_step(), meta_step() (before
// the network's step, so weights() is read again after it); then step_done(). Once an epoch: epoch_done().
class LossWeighting {
 public:
  virtual ~LossWeighting() = default;
  // w_k with l_k = w_k L_k + (terms without L_k): the factor on task k's gradient, for the coming step.
  virtual std::vector<double> weights() const = 0;
  // Whether the trainer must provide the meta gradient before each step, as the weighting's row in the registry says.
  virtual bool needs_meta_step() const { return false; }
  // `meta_gradient[k]` = d L_meta / d lambda_k. Throws std::invalid_argument if needs_meta_step() is false or the
  // length is not K, std::domain_error naming the task whose value is not finite.
  virtual void meta_step(std::span<const double> meta_gradient);
  // Unweighted losses L_k of the training bag and the network's learning rate in this step. Throws
  // std::invalid_argument unless there are K, std::domain_error naming the task whose loss is not finite.
  virtual void step_done(std::span<const double> losses, double learning_rate);
  virtual void epoch_done();
  // Complete state, for checkpoints: after load(save()) every later result is bit-equal, also when the state passes
  // through JSON text or MessagePack. load() throws std::invalid_argument for the state of another weighting or number
  // of tasks, and then changes nothing.
  virtual nlohmann::json save() const = 0;
  virtual void load(const nlohmann::json& state) = 0;
};

}  // namespace mtlgrid

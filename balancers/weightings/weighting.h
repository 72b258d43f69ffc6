// Loss weightings: how much each task's loss counts (all parameters feel it). State is a few doubles, kept here.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "balancers/methods/protocol.h"
#include "balancers/methods/registry.h"

namespace mtlgrid {

// One run's weighting of K tasks. Calls per training step: weights(); then for Auto-Lambda meta_step() (before the
// network's step, so weights() is read again after it); then step_done(). Once an epoch: epoch_done().
class LossWeighting {
 public:
  virtual ~LossWeighting() = default;
  // w_k with l_k = w_k L_k + (terms without L_k): the factor on task k's gradient, for the coming step.
  virtual std::vector<double> weights() const = 0;
  // Whether the trainer must provide the meta gradient before each step (Auto-Lambda).
  virtual bool needs_meta_step() const { return false; }
  // `meta_gradient[k]` = d L_meta / d lambda_k. Throws std::invalid_argument if needs_meta_step() is false or the
  // length is not K, std::domain_error naming the task whose value is not finite.
  virtual void meta_step(std::span<const double> meta_gradient);
  // Unweighted losses L_k of the training bag and the network's learning rate in this step. Throws
  // std::invalid_argument unless there are K, std::domain_error naming the task whose loss is not finite.
  virtual void step_done(std::span<const double> losses, double learning_rate);
  virtual void epoch_done();
  // Complete state, for checkpoints: load(save()) goes on bit-equal, also through JSON text or MessagePack. load()
  // throws std::invalid_argument for the state of another method or number of tasks, and then changes nothing.
  virtual nlohmann::json save() const = 0;
  virtual void load(const nlohmann::json& state) = 0;
};

// Task 0 is the classification (the primary task), the others auxiliary; it matters only to the released code's DWA.
// Auto-Lambda's own learning rate is 1e-4, as in its paper. Throws std::invalid_argument for tasks < 1.
std::unique_ptr<LossWeighting> make_weighting(Weighting kind, int tasks, const Protocol& protocol);

}  // namespace mtlgrid

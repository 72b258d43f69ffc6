// Loss weightings: how much each task's loss counts (all parameters feel it). State is a few doubles, kept here.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "balancers/protocol.h"
#include "balancers/registry.h"

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
  // `meta_gradient[k]` = d L_meta / d lambda_k.
  virtual void meta_step(std::span<const double> meta_gradient);
  // Unweighted losses L_k of the training bag and the network's learning rate in this step.
  virtual void step_done(std::span<const double> losses, double learning_rate);
  virtual void epoch_done();
  // Complete state, for checkpoints: load(save()) goes on bit-equal.
  virtual nlohmann::json save() const = 0;
  virtual void load(const nlohmann::json& state) = 0;
};

// `learning_rate` is the network's base rate (lambda's own rate in Auto-Lambda is 1e-4 as in the paper).
std::unique_ptr<LossWeighting> make_weighting(Weighting kind, int tasks, const Protocol& protocol);

}  // namespace mtlgrid

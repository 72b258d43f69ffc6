// Auto-Lambda: task weights learned by a meta step on another bag.
#pragma once

#include "balancers/methods/protocol.h"
#include "balancers/weightings/scalar_adamw.h"
#include "balancers/weightings/weighting.h"

namespace mtlgrid {

// Liu, James, Davison, Johns 2022: l_k = lambda_k L_k, lambda starting at 0.1, stepped by an AdamW of its own
// (learning rate 1e-4, no sign constraint) down d L_meta / d lambda_k (their equation 6), which the trainer computes:
// -alpha <grad L_k(theta; train), v>, v the gradient of the primary tasks' losses on the meta bag at the virtually
// stepped parameters (docs/methods.md). No weight decay; the released code's optimiser decays by 0.01.
class AutoLambda : public LossWeighting {
 public:
  AutoLambda(int tasks, const Protocol& protocol);
  std::vector<double> weights() const override { return lambda_.values(); }
  bool needs_meta_step() const override { return true; }
  // Throws std::domain_error naming the task if its gradient is not finite.
  void meta_step(std::span<const double> meta_gradient) override;
  nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;

 private:
  ScalarAdamW lambda_;
};

}  // namespace mtlgrid

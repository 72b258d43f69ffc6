// Uncertainty weighting: each task's noise variance is learned with the network.
#pragma once

#include "balancers/methods/protocol.h"
#include "balancers/weightings/scalar_adamw.h"
#include "balancers/weightings/weighting.h"

namespace mtlgrid {

// Kendall, Gal, Cipolla 2017: l_k = L_k / (2 exp(s_k)) + s_k / 2 with s_k = log sigma_k^2, starting at -0.7; the factor
// 1/2 for both tasks as in Auto-Lambda's code (Kendall's text has 1/sigma^2 for cross-entropy). s is stepped by AdamW
// with the network's learning rate and no weight decay; d l_k / d s_k = 1/2 - L_k / (2 exp(s_k)).
//
// Departure under `uncert_learned = false` (the released code): s never reaches the optimiser and stays at -0.7.
class UncertaintyWeighting : public LossWeighting {
 public:
  UncertaintyWeighting(int tasks, const Protocol& protocol);
  // 1 / (2 exp(s_k)).
  std::vector<double> weights() const override;
  // Steps s at the losses of this step. Throws std::domain_error naming the task if a loss is not finite.
  void step_done(std::span<const double> losses, double learning_rate) override;
  nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;

 private:
  bool learned_;
  ScalarAdamW s_;
};

}  // namespace mtlgrid

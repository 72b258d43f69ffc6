// Equal weighting (`naive`, `baseline`): l_k = L_k.
#pragma once

#include "balancers/methods/protocol.h"
#include "balancers/weightings/weighting.h"

namespace mtlgrid {

class EqualWeighting : public LossWeighting {
 public:
  EqualWeighting(int tasks, const Protocol& /*protocol*/) : tasks_(tasks) {}
  std::vector<double> weights() const override;
  nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;

 private:
  int tasks_;
};

}  // namespace mtlgrid

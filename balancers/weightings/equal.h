// Equal weighting (`naive`, `baseline`): l_k = L_k.
#pragma once

#include "balancers/weightings/weighting.h"

namespace mtlgrid {

class EqualWeighting : public LossWeighting {
 public:
  explicit EqualWeighting(int tasks) : tasks_(tasks) {}
  std::vector<double> weights() const override;
  nlohmann::json save() const override;
  void load(const nlohmann::json& state) override;

 private:
  int tasks_;
};

}  // namespace mtlgrid

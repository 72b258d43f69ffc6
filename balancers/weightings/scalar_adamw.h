// AdamW on a handful of scalars in double: the meta parameters of Auto-Lambda and of uncertainty weighting.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace mtlgrid {

// Loshchilov and Hutter 2019 with PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8 outside the square root, decoupled
// weight decay applied before the step. The order of operations is PyTorch's, so results agree to rounding.
class ScalarAdamW {
 public:
  ScalarAdamW(std::vector<double> start, double weight_decay);

  const std::vector<double>& values() const { return values_; }
  // One step down `gradient` (same length as values()). Throws std::domain_error naming the first task whose
  // gradient is not finite; the state is then unchanged.
  void step(std::span<const double> gradient, double learning_rate);

  nlohmann::json save() const;
  // Throws std::invalid_argument if `state` is not one of as many scalars.
  void load(const nlohmann::json& state);

 private:
  std::vector<double> values_, mean_, square_;  // parameters, first and second moments
  double weight_decay_;
  long steps_ = 0;
};

}  // namespace mtlgrid

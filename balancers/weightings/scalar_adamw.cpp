#include "balancers/weightings/scalar_adamw.h"

#include <cmath>
#include <utility>

#include "balancers/weightings/checks.h"

namespace mtlgrid {

ScalarAdamW::ScalarAdamW(std::vector<double> start, double weight_decay)
    : values_(std::move(start)),
      mean_(values_.size(), 0.0),
      square_(values_.size(), 0.0),
      weight_decay_(weight_decay) {}

void ScalarAdamW::step(std::span<const double> gradient, double learning_rate) {
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEps = 1e-8;  // PyTorch's defaults
  require_finite_per_task(gradient, values_.size(), "gradient of the task weight");
  ++steps_;
  const double correction1 = 1 - std::pow(kBeta1, static_cast<double>(steps_));
  const double correction2 = std::sqrt(1 - std::pow(kBeta2, static_cast<double>(steps_)));
  for (std::size_t k = 0; k < values_.size(); ++k) {
    values_[k] *= 1 - learning_rate * weight_decay_;
    mean_[k] += (1 - kBeta1) * (gradient[k] - mean_[k]);
    square_[k] = kBeta2 * square_[k] + (1 - kBeta2) * gradient[k] * gradient[k];
    values_[k] -= learning_rate / correction1 * mean_[k] / (std::sqrt(square_[k]) / correction2 + kEps);
  }
}

nlohmann::json ScalarAdamW::save() const {
  return {{"values", values_}, {"mean", mean_}, {"square", square_}, {"steps", steps_}};
}

void ScalarAdamW::load(const nlohmann::json& state) {
  auto values = per_task_field(state, "values", values_.size());
  auto mean = per_task_field(state, "mean", values_.size());
  auto square = per_task_field(state, "square", values_.size());
  steps_ = field<long>(state, "steps");
  values_ = std::move(values);
  mean_ = std::move(mean);
  square_ = std::move(square);
}

}  // namespace mtlgrid

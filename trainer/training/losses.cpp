#include "trainer/training/losses.h"

#include <ATen/ops/empty.h>

#include <cmath>
#include <cstddef>
#include <limits>

namespace mtlgrid {
namespace {

// log(1 + exp(x)) without overflow.
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// A member's outputs.
struct Outputs {
  Outputs(const at::Tensor& all, std::int64_t member) {
    const double* row = all.const_data_ptr<double>() + member * all.size(1);
    log_odds = row[1] - row[0];
    if (all.size(1) > 2) regression = row[2];
  }
  double log_odds, regression = std::numeric_limits<double>::quiet_NaN();
};

}  // namespace

TaskLosses task_losses(const at::Tensor& outputs, int label, double target, std::int64_t member) {
  const Outputs of(outputs, member);
  const double residual = of.regression - target;  // NaN without regression
  return {softplus(label == 1 ? -of.log_odds : of.log_odds), residual * residual};
}

TaskLosses loss_slopes(const at::Tensor& outputs, const Example& example, std::int64_t member) {
  const Outputs of(outputs, member);
  return {1 / (1 + std::exp(-of.log_odds)) - example.label, 2 * (of.regression - example.target)};
}

bool outputs_finite(const at::Tensor& outputs, std::int64_t member) {
  const Outputs of(outputs, member);
  return std::isfinite(of.log_odds) && std::isfinite(of.regression);
}

OutputGradients output_gradients(const at::Tensor& outputs, const Example& example,
                                 const std::vector<std::vector<std::vector<double>>>& factors) {
  const auto members = static_cast<std::int64_t>(factors.size()), rows = static_cast<std::int64_t>(factors[0].size());
  const at::TensorOptions options = at::TensorOptions().dtype(at::kDouble);
  OutputGradients by = {at::empty({members, rows, 2}, options), {}};
  if (outputs.size(1) > 2) by.regression = at::empty({members, rows, 1}, options);
  std::size_t at = 0;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    const TaskLosses slopes = loss_slopes(outputs, example, static_cast<std::int64_t>(f));
    for (const std::vector<double>& factor : factors[f]) {
      by.logits.data_ptr<double>()[2 * at] = -factor[0] * slopes[0];
      by.logits.data_ptr<double>()[2 * at + 1] = factor[0] * slopes[0];
      if (by.regression.defined()) by.regression.data_ptr<double>()[at] = factor[1] * slopes[1];
      ++at;
    }
  }
  return by;
}

}  // namespace mtlgrid

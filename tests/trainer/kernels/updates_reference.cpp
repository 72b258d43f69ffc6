#include <ATen/TensorOperators.h>
#include <ATen/ops/lerp.h>

#include <cmath>

#include "tests/trainer/kernels/reference.h"

namespace mtlgrid::aten {
namespace {

at::Tensor summed(const GradientSum& g) {
  at::Tensor sum = g.row[0] * g.coefficient[0];
  for (std::size_t k = 1; k < g.row.size(); ++k) sum.add_(g.row[k], g.coefficient[k]);
  return sum;
}

}  // namespace

void adamw_step(const AdamW& s, std::int64_t step, const GradientSum& gradient, const at::Tensor& parameter,
                const at::Tensor& first, const at::Tensor& second) {
  const at::Tensor g = summed(gradient);
  const double n = static_cast<double>(step), root = std::sqrt(1 - std::pow(s.beta2, n));
  first.lerp_(g, 1 - s.beta1);
  second.mul_(s.beta2).addcmul_(g, g, 1 - s.beta2);
  const at::Tensor denominator = second.sqrt().div_(root).add_(s.eps);
  parameter.mul_(1 - s.lr * s.weight_decay).addcdiv_(first, denominator, -s.lr / (1 - std::pow(s.beta1, n)));
}

void gradient_step(double lr, double weight_decay, const GradientSum& gradient, const at::Tensor& parameter,
                   const at::Tensor& out) {
  out.copy_(parameter).mul_(1 - lr * weight_decay).add_(summed(gradient), -lr);
}

void offset(const at::Tensor& parameter, double factor, const at::Tensor& v, const at::Tensor& out) {
  out.copy_(parameter).add_(v, factor);
}

}  // namespace mtlgrid::aten

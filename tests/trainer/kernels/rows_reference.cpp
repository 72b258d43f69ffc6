#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/sum.h>

#include "tests/trainer/kernels/reference.h"

namespace mtlgrid::aten {

void bias_relu_drop_(const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask) {
  y.add_(bias).relu_();
  if (mask.defined()) y.mul_(mask);
}

void column_sums(const at::Tensor& g, const at::Tensor& sums) {
  at::Tensor to = sums;
  at::sum_out(to, g.view({sums.size(0), -1, g.size(2)}), {1}, true);
}

void bias_relu_drop_backward_(const at::Tensor& g, const at::Tensor& y, double kept, const at::Tensor& bias_gradient) {
  const at::Tensor g4 = g.view({y.size(0), -1, y.size(1), y.size(2)});
  g4.mul_(y.gt(0).unsqueeze(1));
  if (kept != 1) g4.mul_(kept);
  column_sums(g, bias_gradient);
}

at::Tensor add_drop_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask,
                         const NormView& p, NormSaved& saved) {
  at::Tensor mean;
  y.add_(bias);
  if (mask.defined()) y.mul_(mask);
  std::tie(saved.normalised, mean, saved.rstd) = at::native_layer_norm(y.add_(x), {x.size(2)}, {}, {}, 1e-5);
  saved.rstd = saved.rstd.squeeze(-1);
  return at::addcmul(p.bias, saved.normalised, p.weight);
}

AddDropNormGradient add_drop_norm_backward(const NormView& p, const NormSaved& saved, const at::Tensor& g,
                                           const at::Tensor& mask, const NormView& gradient,
                                           const at::Tensor& bias_gradient) {
  const std::int64_t members = g.size(0), n = saved.normalised.size(1), d = g.size(2), tasks = g.size(1) / n;
  const at::Tensor g4 = g.view({members, tasks, n, d});
  const at::Tensor normalised = saved.normalised.unsqueeze(1);  // [F, 1, n, d]
  column_sums((g4 * normalised).view(g.sizes()), gradient.weight);
  column_sums(g, gradient.bias);
  at::Tensor h = g4 * p.weight.unsqueeze(1);
  const at::Tensor along = (h * normalised).mean(-1, true);
  h.sub_(h.mean(-1, true)).addcmul_(normalised, along, -1).mul_(saved.rstd.unsqueeze(1).unsqueeze(-1));
  const at::Tensor by_x = h.view(g.sizes());
  const at::Tensor by_y = mask.defined() ? (h * mask).view(g.sizes()) : by_x;
  column_sums(by_y, bias_gradient);
  return {by_x, by_y};
}

}  // namespace mtlgrid::aten

// Layers without attention; the attentions are in attention.cpp.
#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/threshold_backward.h>

#include "trainer/layers.h"

namespace mtlgrid {

at::Tensor linear(const LinearView& p, const at::Tensor& x) { return at::baddbmm(p.bias, x, p.weight.transpose(1, 2)); }

at::Tensor linear_backward(const LinearView& p, const at::Tensor& x, const at::Tensor& g, const LinearView& grad,
                           bool input_gradient) {
  const std::int64_t members = x.size(0), n = x.size(1), in = x.size(2), out = g.size(2), tasks = g.size(1) / n;
  const at::Tensor rows = g.reshape({members * tasks, n, out});
  const at::Tensor inputs = x.unsqueeze(1).expand({members, tasks, n, in}).reshape({members * tasks, n, in});
  at::Tensor weight_gradient = grad.weight, bias_gradient = grad.bias;
  at::bmm_out(weight_gradient, rows.transpose(1, 2), inputs);
  at::sum_out(bias_gradient, rows, {1}, true);
  if (!input_gradient) return {};
  return at::bmm(g, p.weight);
}

at::Tensor layer_norm(const NormView& p, const at::Tensor& x, NormSaved& saved) {
  at::Tensor mean;
  std::tie(saved.normalised, mean, saved.rstd) = at::native_layer_norm(x, {x.size(2)}, {}, {}, 1e-5);
  return at::addcmul(p.bias, saved.normalised, p.weight);
}

at::Tensor layer_norm_backward(const NormView& p, const NormSaved& saved, const at::Tensor& g, const NormView& grad) {
  const std::int64_t members = g.size(0), n = saved.normalised.size(1), d = g.size(2), tasks = g.size(1) / n;
  const at::Tensor g4 = g.view({members, tasks, n, d});
  const at::Tensor normalised = saved.normalised.unsqueeze(1);  // [F, 1, n, d]
  at::Tensor weight_gradient = grad.weight, bias_gradient = grad.bias;
  at::sum_out(weight_gradient, (g4 * normalised).view({members * tasks, n, d}), {1}, true);
  at::sum_out(bias_gradient, g.view({members * tasks, n, d}), {1}, true);
  at::Tensor h = g4 * p.weight.unsqueeze(1);
  const at::Tensor along = (h * normalised).mean(-1, true);
  h.sub_(h.mean(-1, true)).addcmul_(normalised, along, -1).mul_(saved.rstd.unsqueeze(1));
  return h.view({members, tasks * n, d});
}

at::Tensor feed_forward(const LinearView& linear1, const LinearView& linear2, const at::Tensor& x,
                        const at::Tensor& mask, double p, FeedForwardSaved& saved) {
  saved.x = x;
  saved.hidden = drop_(linear(linear1, x).relu_(), mask);
  saved.kept = mask.defined() ? 1 / (1 - p) : 1;
  return linear(linear2, saved.hidden);
}

at::Tensor feed_forward_backward(const LinearView& linear1, const LinearView& linear2, const FeedForwardSaved& saved,
                                 const at::Tensor& g, const LinearView& grad1, const LinearView& grad2) {
  const at::Tensor dh = linear_backward(linear2, saved.hidden, g, grad2);
  const std::int64_t members = dh.size(0), n = saved.hidden.size(1), ff = dh.size(2), tasks = dh.size(1) / n;
  // Both ReLU and mask left a value above 0: the derivative is 1 / (1 - p) there and 0 elsewhere.
  at::Tensor du = at::threshold_backward(dh.view({members, tasks, n, ff}), saved.hidden.unsqueeze(1), 0);
  if (saved.kept != 1) du.mul_(saved.kept);
  return linear_backward(linear1, saved.x, du.view({members, tasks * n, ff}), grad1);
}

at::Tensor drop_(at::Tensor x, const at::Tensor& mask) { return mask.defined() ? x.mul_(mask) : x; }

at::Tensor drop_backward(const at::Tensor& g, const at::Tensor& mask) {
  if (!mask.defined()) return g;
  const std::int64_t members = g.size(0), n = mask.size(0), d = g.size(2);
  return (g.view({members, -1, n, d}) * mask).view(g.sizes());
}

}  // namespace mtlgrid

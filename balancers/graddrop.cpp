// GradDrop: in each coordinate, the gradients of one sign survive, chosen at random by how much weight that sign has.
//
// Chen et al. 2020, algorithm 1 with the leak parameter 0. P = (1 + sum_k G_k / sum_k |G_k|) / 2; positive entries are
// kept where P > U, negative ones where P < U. Departure under `epsilons` (the released code): + 1e-8 in the
// denominator. The released code's mean over tasks is multiplied by K afterwards: a sum, as here.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <stdexcept>
#include <string>

#include "balancers/gram.h"

namespace mtlgrid {

at::Tensor graddrop(const at::Tensor& gradients, const at::Tensor& uniform, const Protocol& protocol) {
  require_gradients(gradients);
  if (uniform.dim() != 1 || uniform.size(0) != gradients.size(1)) {
    throw std::invalid_argument("graddrop: one uniform number a coordinate is needed");
  }
  const at::Tensor positive = gradients.clamp_min(0).sum(0);  // [P]
  const at::Tensor negative = gradients.clamp_max(0).sum(0);  // [P]
  const at::Tensor total = positive - negative;               // sum_k |G_k|
  require_finite_gradients(gradients, total);
  // All zero: 0/0 is NaN, both comparisons are false and nothing is kept: 0, as decided.
  const at::Tensor p = (positive + negative).div_(protocol.epsilons ? total + 1e-8 : total).add_(1).mul_(0.5);
  const at::Tensor zero = at::zeros_like(positive);
  return at::where(p.gt(uniform), positive, at::where(p.lt(uniform), negative, zero));
}

}  // namespace mtlgrid

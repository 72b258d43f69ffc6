#include "trainer/network/masked_softmax.h"

#include <ATen/TensorOperators.h>

#include "trainer/kernels/gpu_kernels.h"

namespace mtlgrid {

at::Tensor dropped(const at::Tensor& probabilities, const at::Tensor& mask) {
  if (!mask.defined()) return probabilities;
  const auto s = probabilities.sizes();
  return (probabilities.view({-1, mask.size(0), s[1], s[2]}) * mask).view(s);
}

// With weights w = m p of a mask m: p (m g - sum m g p) = w g - p sum w g.
void softmax_backward_(const at::Tensor& g, const at::Tensor& probabilities, const at::Tensor& weights) {
  if (!g.is_cpu()) return gpu::attention_weights_backward(g, probabilities, weights);
  g.mul_(weights.unsqueeze(1));
  g.addcmul_(probabilities.unsqueeze(1), g.sum(-1, true), -1);
}

}  // namespace mtlgrid

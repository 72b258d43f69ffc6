// Dropout on attention weights, and the backward pass through it and the softmax before it. Torch.
#pragma once

#include <ATen/core/Tensor.h>

namespace mtlgrid {

// probabilities [F H, n, m] times mask [H, n, m].
at::Tensor dropped(const at::Tensor& probabilities, const at::Tensor& mask);
// Through dropout and softmax, in place: `g` [F H, K, n, m] by the dropped weights becomes the gradient by the scores.
// `probabilities` and `weights` (before and after dropout) are [F H, n, m].
void softmax_backward_(const at::Tensor& g, const at::Tensor& probabilities, const at::Tensor& weights);

}  // namespace mtlgrid

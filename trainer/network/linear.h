// Linear layers with their backward passes, and the conventions that all layers share. Torch.
//
// Layers work on F stacked members, and backward passes on the gradients of K tasks at once. They are written by hand
// instead of recorded by autograd: weight gradients are written straight into the flat buffer that aggregation and the
// optimiser use (no copies), K tasks share one pass, and the tiles need no projected keys and values.
// Activations are [F, n, d]; gradients of K tasks are [F, K n, d], task-major in the rows; parameter gradients are
// views with F K rows, member-major. Every backward pass overwrites the gradients of its parameters (each parameter is
// used once in the network). A mask is an undefined tensor where there is no dropout.
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/kernels/views.h"

namespace mtlgrid {

// x W^T without the bias, which is left to what follows (rows.h).
at::Tensor project(const LinearView& p, const at::Tensor& x);
// Gradient of the weights only; x [F, n, in], g [F, K n, out].
void project_backward(const at::Tensor& x, const at::Tensor& g, const at::Tensor& weight_gradient);

// x W^T + b.
at::Tensor linear(const LinearView& p, const at::Tensor& x);
// Returns the gradient by x.
at::Tensor linear_backward(const LinearView& p, const at::Tensor& x, const at::Tensor& g, const LinearView& grad);

}  // namespace mtlgrid

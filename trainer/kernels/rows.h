// Operations of a layer on each row of its activations between two matrix products, in one pass over memory. Torch.
//
// Activations are [F, n, d]; gradients of K tasks [F, K n, d], task-major in the rows. Parameters are views [F, 1, d],
// their gradients [F K, 1, d]. A mask [n, d] (of dropout, dropout.h) is shared by members and tasks, or undefined.
// float32 and float64, contiguous. On the CPU hand-written loops, whose sums do not depend on threads (fixed chunks);
// on a GPU kernels (gpu_kernels.h). Tests compare both with ATen's operations.
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/kernels/operands.h"
#include "trainer/kernels/views.h"

namespace mtlgrid {

// y = drop(relu(y + bias)) in place.
void bias_relu_drop_(const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask);
// In place on g: times `kept` (1 / (1 - p), 1 without dropout) where `y` [F, n, d] of the forward pass is above 0: only
// there ReLU and mask both passed it. The column sums go to `bias_gradient`.
void bias_relu_drop_backward_(const at::Tensor& g, const at::Tensor& y, double kept, const at::Tensor& bias_gradient);

// LayerNorm (eps 1e-5) of x + drop(y + bias). `saved.normalised` reuses y's memory.
at::Tensor add_drop_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask,
                         const NormView& p, NormSaved& saved);
// Gradients by x and by y; the gradient by the bias goes to `bias_gradient`.
AddDropNormGradient add_drop_norm_backward(const NormView& p, const NormSaved& saved, const at::Tensor& g,
                                           const at::Tensor& mask, const NormView& gradient,
                                           const at::Tensor& bias_gradient);

// sums [F K, 1, d] of the columns of g [F, K n, d].
void column_sums(const at::Tensor& g, const at::Tensor& sums);

}  // namespace mtlgrid

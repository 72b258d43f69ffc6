// The GPU operations of a training step that ATen does not have: dropout masks, operations between two matrix products,
// and loops over all parameters, each in one kernel (gpu_kernels.cu). Torch.
//
// The functions compute the same as the CPU functions of the same names (dropout.h, rows.h, updates.h), up to rounding;
// masks are identical. Tensors are float32 or float64, all on the trainer's GPU, and contiguous where the CPU requires
// it.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "base/philox.h"
#include "trainer/kernels/operands.h"
#include "trainer/kernels/views.h"

namespace mtlgrid::gpu {

// Row r of `out` [R, n]: elements first + r * stride, ... of fill r % fills.size(), at most 32 fills of one
// probability, their keys all in one table or none.
void fill_dropout(std::span<const DropoutFill> fills, std::uint64_t first, std::uint64_t stride, const at::Tensor& out);
// out [n], float32.
void fill_uniform(const RandomStream& stream, const at::Tensor& out);

// qkv [F, n, 3 d] plus bias [F, 1, 3 d] by head, [3, F H, n, d / H]; queries times `scale`.
at::Tensor split_heads(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, double scale);
// [T, F H, K, n, c] to [F, K, n, T, H, c].
at::Tensor merge_heads(const at::Tensor& x, std::int64_t heads);

// Softmax of scores [S, count, n] in place; returns it times dropout, in new memory if `keep`, else in scores' own.
// The rows are rows begin, begin + 1, ... of n x n weights a head, S a multiple of `heads`; no `fill`: no dropout.
at::Tensor attention_weights(const at::Tensor& scores, std::int64_t heads, std::int64_t begin, const DropoutFill* fill,
                             bool keep);
// g [S, K, count, n] by the weights after dropout becomes, in place, that by the scores.
void attention_weights_backward(const at::Tensor& g, const at::Tensor& probabilities, const at::Tensor& weights);

void bias_relu_drop_(const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask);
void bias_relu_drop_backward_(const at::Tensor& g, const at::Tensor& y, double kept, const at::Tensor& bias_gradient);
at::Tensor add_drop_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask,
                         const NormView& p, NormSaved& saved);
AddDropNormGradient add_drop_norm_backward(const NormView& p, const NormSaved& saved, const at::Tensor& g,
                                           const at::Tensor& mask, const NormView& gradient,
                                           const at::Tensor& bias_gradient);
void column_sums(const at::Tensor& g, const at::Tensor& sums);

// One step of AdamW for all members of a stack, at most 32: row f of parameter and moments [F, n] (last dimension
// contiguous) by gradients[f]. not_finite [F] int32 becomes 1 where a gradient is not finite; such a member is not
// changed. A member that is already marked is skipped, and its gradient may be empty.
void adamw_steps(const AdamW& settings, std::int64_t step, const std::vector<GradientSum>& gradients,
                 const at::Tensor& parameter, const at::Tensor& first, const at::Tensor& second,
                 const at::Tensor& not_finite);
// Only sets the marks, for gradients of n numbers.
void find_not_finite(const std::vector<GradientSum>& gradients, std::int64_t n, const at::Tensor& not_finite);
void gradient_step(double lr, double weight_decay, const GradientSum& gradient, const at::Tensor& parameter,
                   const at::Tensor& out);
void offset(const at::Tensor& parameter, double factor, const at::Tensor& v, const at::Tensor& out);

// Inner products of every member's rows a [F, K, n] and b [F, J, n], contiguous: in double, [F, K, J] on the CPU.
at::Tensor inner_products(const at::Tensor& a, const at::Tensor& b);

}  // namespace mtlgrid::gpu

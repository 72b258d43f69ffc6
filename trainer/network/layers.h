// Layers of the network with their backward passes, for F stacked members and K tasks' gradients at once. Torch.
//
// Written by hand instead of recorded by autograd: weight gradients land in the flat buffer where aggregation and the
// optimiser want them (no copies), K tasks share one pass, and the tiles need no projected keys and values.
// Activations are [F, n, d]; gradients of K tasks are [F, K n, d], task-major in the rows; parameter gradients are
// views with F K rows, member-major. Every backward overwrites the gradients of its parameters (each parameter is used
// once in the network). A mask is undefined where there is no dropout.
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/kernels/views.h"
#include "trainer/network/self_attention.h"

namespace mtlgrid {

// x W^T without the bias, which is left to what follows (rows.h).
at::Tensor project(const LinearView& p, const at::Tensor& x);
// Gradient of the weights alone; x [F, n, in], g [F, K n, out].
void project_backward(const at::Tensor& x, const at::Tensor& g, const at::Tensor& weight_gradient);

// x W^T + b.
at::Tensor linear(const LinearView& p, const at::Tensor& x);
// Returns the gradient by x.
at::Tensor linear_backward(const LinearView& p, const at::Tensor& x, const at::Tensor& g, const LinearView& grad);

struct SelfAttentionSaved {
  at::Tensor x;
  AttendSaved attend;
};
// Multi-head self-attention without the bias of its last projection.
at::Tensor self_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& x, const AttentionMask& mask,
                          SelfAttentionSaved& saved);
// Adds the gradient by x to `by_x`.
void self_attention_backward(const AttentionView& p, const SelfAttentionSaved& saved, const at::Tensor& g,
                             const AttentionView& grad, const at::Tensor& by_x);

struct CrossAttentionSaved {
  at::Tensor queries, memory, q, qk, probabilities, weights, context, weight_sum, merged;
};
// Attention of T query tokens [F, T, d] to the memory [F, N, d], without the bias of its last projection; `mask` [H, T,
// N]. No tile is projected: q.(Wk x) = (Wk^T q).x and sum a_i (Wv x_i + bv) = Wv (sum a_i x_i) + bv sum a_i. The key
// bias adds a constant to all scores of a row, which softmax ignores: its gradient is exactly 0 (PyTorch's is rounding
// noise).
at::Tensor cross_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& queries,
                           const at::Tensor& memory, const at::Tensor& mask, CrossAttentionSaved& saved);
// Adds the queries' gradient to `by_queries` [F, K T, d] and the memory's to `by_memory` [F, K N, d].
void cross_attention_backward(const AttentionView& p, const CrossAttentionSaved& saved, const at::Tensor& g,
                              const AttentionView& grad, const at::Tensor& by_queries, const at::Tensor& by_memory);

// probabilities [F H, n, m] times mask [H, n, m].
at::Tensor dropped(const at::Tensor& probabilities, const at::Tensor& mask);
// Through dropout and softmax, in place: `g` [F H, K, n, m] by the dropped weights becomes the gradient by the scores.
// `probabilities` and `weights` (before and after dropout) are [F H, n, m].
void softmax_backward_(const at::Tensor& g, const at::Tensor& probabilities, const at::Tensor& weights);

}  // namespace mtlgrid

// Layers of the network with their backward passes, for F stacked members and K tasks' gradients at once. Torch.
//
// Written by hand instead of recorded by autograd: weight gradients land in the flat buffer where aggregation and the
// optimiser want them (no copies), K tasks share one pass, and the tiles need no projected keys and values.
// Activations are [F, n, d]; gradients of K tasks are [F, K n, d], task-major in the rows; parameter gradients are
// views with F K rows, member-major. Every backward overwrites the gradients of its parameters (each parameter is used
// once in the network). A mask is undefined where there is no dropout.
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/views.h"

namespace mtlgrid {

// x W^T + b.
at::Tensor linear(const LinearView& p, const at::Tensor& x);
// Returns dx, or an undefined tensor unless `input_gradient`.
at::Tensor linear_backward(const LinearView& p, const at::Tensor& x, const at::Tensor& g, const LinearView& grad,
                           bool input_gradient = true);

struct NormSaved {
  at::Tensor normalised;  // [F, n, d], before weight and bias
  at::Tensor rstd;        // [F, n, 1]
};
// LayerNorm over the last dimension, eps 1e-5.
at::Tensor layer_norm(const NormView& p, const at::Tensor& x, NormSaved& saved);
at::Tensor layer_norm_backward(const NormView& p, const NormSaved& saved, const at::Tensor& g, const NormView& grad);

struct FeedForwardSaved {
  at::Tensor x, hidden;  // hidden: after ReLU and dropout
  double kept = 1;       // 1 / (1 - p) where dropout acted
};
// W2 drop(relu(W1 x + b1)) + b2; `mask` [n, ff].
at::Tensor feed_forward(const LinearView& linear1, const LinearView& linear2, const at::Tensor& x,
                        const at::Tensor& mask, double p, FeedForwardSaved& saved);
at::Tensor feed_forward_backward(const LinearView& linear1, const LinearView& linear2, const FeedForwardSaved& saved,
                                 const at::Tensor& g, const LinearView& grad1, const LinearView& grad2);

struct SelfAttentionSaved {
  at::Tensor x, qkv, probabilities, mask, merged;  // qkv [3, F H, n, d / H], q scaled; probabilities [F H, n, n]
};
// Multi-head self-attention; `mask` [H, n, n] on the attention weights. Memory: 2 H n^2 values a member are kept.
at::Tensor self_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& x, const at::Tensor& mask,
                          SelfAttentionSaved& saved);
at::Tensor self_attention_backward(const AttentionView& p, const SelfAttentionSaved& saved, const at::Tensor& g,
                                   const AttentionView& grad);

struct CrossAttentionSaved {
  at::Tensor queries, memory, q, qk, probabilities, mask, context, weight_sum, merged;
};
// Attention of T query tokens [F, T, d] to the memory [F, N, d]; `mask` [H, T, N]. No tile is projected:
// q.(Wk x) = (Wk^T q).x and sum a_i (Wv x_i + bv) = Wv (sum a_i x_i) + bv sum a_i. The key bias adds a constant to
// all scores of a row, which softmax ignores: its gradient is exactly 0 (PyTorch's is rounding noise).
at::Tensor cross_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& queries,
                           const at::Tensor& memory, const at::Tensor& mask, CrossAttentionSaved& saved);
// Returns the queries' gradient and adds the memory's to `memory_gradient` [F, K N, d].
at::Tensor cross_attention_backward(const AttentionView& p, const CrossAttentionSaved& saved, const at::Tensor& g,
                                    const AttentionView& grad, at::Tensor& memory_gradient);

// x * mask, x [F, n, d], mask [n, d] or undefined; in place.
at::Tensor drop_(at::Tensor x, const at::Tensor& mask);
// The same on the gradients of K tasks: a new tensor, or g itself where there is no mask.
at::Tensor drop_backward(const at::Tensor& g, const at::Tensor& mask);

}  // namespace mtlgrid

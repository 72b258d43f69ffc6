// Multi-head self-attention with its backward pass. Conventions: linear.h. Torch.
//
// Between the projections: softmax(q k^T) times dropout times v, with the n x n weights never whole in memory. They are
// computed in parts (self_attention_tiles.h, self_attention_blocks.h), in the forward pass and again in the backward
// pass, so memory is linear in n (as in FlashAttention, Dao et al. 2022).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/kernels/views.h"
#include "trainer/network/attend_saved.h"

namespace mtlgrid {

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

// From projected queries, keys and values to the merged heads: qkv [F, n, 3 d] without bias, bias [F, 1, 3 d]; returns
// [F, n, d].
at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  AttendSaved& saved);
// g [F, K n, d]; returns the gradient by qkv, [F, K n, 3 d].
at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g);

}  // namespace mtlgrid

// Attention of the decoder's query tokens to the tiles, with its backward pass. Conventions: linear.h. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/kernels/views.h"

namespace mtlgrid {

struct CrossAttentionSaved {
  at::Tensor queries, memory, q, qk, probabilities, weights, context, weight_sum, merged;
};
// Attention of T query tokens [F, T, d] to the memory [F, N, d], without the bias of its last projection; `mask` [H, T,
// N]. Tiles are not projected: q.(Wk x) = (Wk^T q).x and sum a_i (Wv x_i + bv) = Wv (sum a_i x_i) + bv sum a_i. The key
// bias adds a constant to all scores of a row, which softmax ignores: its gradient is exactly 0 (PyTorch's is rounding
// noise).
at::Tensor cross_attention(const AttentionView& p, std::int64_t heads, const at::Tensor& queries,
                           const at::Tensor& memory, const at::Tensor& mask, CrossAttentionSaved& saved);
// Adds the queries' gradient to `by_queries` [F, K T, d] and the memory's to `by_memory` [F, K N, d].
void cross_attention_backward(const AttentionView& p, const CrossAttentionSaved& saved, const at::Tensor& g,
                              const AttentionView& grad, const at::Tensor& by_queries, const at::Tensor& by_memory);

}  // namespace mtlgrid

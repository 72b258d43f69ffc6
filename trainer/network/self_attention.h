// The inside of self-attention: from projected queries, keys and values to the merged heads, and back. Torch.
//
// softmax(q k^T) times dropout times v, with the n x n weights never whole in memory: they are made in blocks, in the
// forward pass and again in the backward pass, so memory is linear in n (as in FlashAttention, Dao et al. 2022).
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/kernels/dropout.h"

namespace mtlgrid {

struct AttendSaved {
  AttentionMask mask;
  at::Tensor queries, keys, values;  // [F H, n', d / H], queries scaled; n' >= n: tiles pad with rows of zeros
  at::Tensor keys_transposed;        // of tiles: [F H, tiles, d / H, columns]
  at::Tensor log_sums;               // of tiles: log of the softmax's denominator, [F H, n]
  at::Tensor merged;                 // [F, n, d]
};

// qkv [F, n, 3 d] without bias, bias [F, 1, 3 d]; returns [F, n, d].
at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  AttendSaved& saved);
// g [F, K n, d]; returns the gradient by qkv, [F, K n, 3 d].
at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g);

// For float32 on the CPU with oneDNN's kernels: tiles of the weights that stay in the second-level cache.
namespace tiles {
at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  AttendSaved& saved);
at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g);
}  // namespace tiles

// For everything else, by ATen's operations: `rows` rows of the weights at a time, all heads.
namespace blocks {
at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  std::int64_t rows, AttendSaved& saved);
at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g, std::int64_t rows);
}  // namespace blocks

}  // namespace mtlgrid

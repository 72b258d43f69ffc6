// Self-attention between its projections, by ATen's operations on any device: `rows` rows of the weights at a time, all
// heads.
// Other arguments and results as in self_attention.h. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/network/attend_saved.h"

namespace mtlgrid::blocks {

at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  std::int64_t rows, AttendSaved& saved);
at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g, std::int64_t rows);

}  // namespace mtlgrid::blocks

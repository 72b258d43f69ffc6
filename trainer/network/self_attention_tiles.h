// Self-attention between its projections, for float32 on the CPU with oneDNN's kernels: tiles of the weights that fit
// into the second-level cache. Arguments and results as in self_attention.h. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include "trainer/network/attend_saved.h"

namespace mtlgrid::tiles {

at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  AttendSaved& saved);
at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g);

}  // namespace mtlgrid::tiles

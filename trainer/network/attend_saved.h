// What self-attention between its projections keeps of the forward pass for the backward pass. Torch.
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

}  // namespace mtlgrid

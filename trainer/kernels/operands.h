// What the kernels take and give beside plain tensors; the CPU's (rows.h, updates.h) and the GPU's (gpu_kernels.h)
// share these types. Torch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <vector>

namespace mtlgrid {

// sum_k coefficient[k] * row[k]: a gradient that is never written out. At most kMaximumRows rows.
struct GradientSum {
  std::vector<at::Tensor> row;
  std::vector<double> coefficient;
};
inline constexpr std::size_t kMaximumRows = 2;

// Settings of AdamW (Loshchilov, Hutter 2019), PyTorch's defaults.
struct AdamW {
  double lr = 1e-4, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
};

// What LayerNorm's backward pass needs of its forward pass.
struct NormSaved {
  at::Tensor normalised;  // [F, n, d], before weight and bias
  at::Tensor rstd;        // [F, n]
};

// Gradients by the two summands of add_drop_norm(), [F, K n, d] each; one tensor where there was no mask.
struct AddDropNormGradient {
  at::Tensor x, y;
};

}  // namespace mtlgrid

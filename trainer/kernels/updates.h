// Loops over all parameters: AdamW, Auto-Lambda's virtual step. They are bound by memory: each reads every
// operand once. Torch. Results do not depend on `threads`.
//
// The tensors of a call are one-dimensional, contiguous, on one device, of one length, and all float32 or all float64;
// otherwise Error(fatal) is thrown. On the CPU hand-written loops, on a GPU kernels (gpu_kernels.h). Tests compare both
// with ATen's operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "trainer/kernels/operands.h"

namespace mtlgrid {

// One step of AdamW in PyTorch's order of operations; `step` counts from 1. Updates parameters and their moments in
// place. `not_finite` (one int32 on the same device) becomes 1 if some of the
// gradient is not finite, and is left unchanged otherwise, so that a caller waits for a GPU once for many updates. In
// that case parameters on the CPU have been updated and must not be used further; on a GPU nothing was updated.
void adamw_step(const AdamW& settings, std::int64_t step, const GradientSum& gradient, const at::Tensor& parameter,
                const at::Tensor& first, const at::Tensor& second, int threads, const at::Tensor& not_finite);

// out = parameter - lr (gradient + weight_decay parameter).
void gradient_step(double lr, double weight_decay, const GradientSum& gradient, const at::Tensor& parameter,
                   const at::Tensor& out, int threads);
// out = parameter + factor v.
void offset(const at::Tensor& parameter, double factor, const at::Tensor& v, const at::Tensor& out, int threads);
bool all_finite(const at::Tensor& a);

}  // namespace mtlgrid

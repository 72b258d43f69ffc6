// ATen's operations for what the trainer has loops and kernels for: the reference that tests compare them with.
#pragma once

#include "trainer/kernels/rows.h"
#include "trainer/kernels/updates.h"

namespace mtlgrid::aten {

void bias_relu_drop_(const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask);
void bias_relu_drop_backward_(const at::Tensor& g, const at::Tensor& y, double kept, const at::Tensor& bias_gradient);
at::Tensor add_drop_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask,
                         const NormView& p, NormSaved& saved);
AddDropNormGradient add_drop_norm_backward(const NormView& p, const NormSaved& saved, const at::Tensor& g,
                                           const at::Tensor& mask, const NormView& gradient,
                                           const at::Tensor& bias_gradient);
void column_sums(const at::Tensor& g, const at::Tensor& sums);

void adamw_step(const AdamW& settings, std::int64_t step, const GradientSum& gradient, const at::Tensor& parameter,
                const at::Tensor& first, const at::Tensor& second);
void gradient_step(double lr, double weight_decay, const GradientSum& gradient, const at::Tensor& parameter,
                   const at::Tensor& out);
void offset(const at::Tensor& parameter, double factor, const at::Tensor& v, const at::Tensor& out);

}  // namespace mtlgrid::aten

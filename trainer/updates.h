// Loops over all parameters: AdamW, Auto-Lambda's virtual step, dot products. Bound by memory: each reads every
// operand once. No torch. Results do not depend on `threads` (fixed chunks, sums in chunk order).
#pragma once

#include <cstdint>
#include <vector>

namespace mtlgrid {

// sum_k coefficient[k] * row[k][i]: a gradient that is never written out. At most kMaximumRows rows.
struct GradientSum {
  std::vector<const float*> row;
  std::vector<double> coefficient;
};
inline constexpr std::size_t kMaximumRows = 2;

// AdamW (Loshchilov, Hutter 2019) in PyTorch's order of operations, at step `step` (from 1).
struct AdamW {
  double lr = 1e-4, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
};
// Updates n parameters and their moments in place. Returns whether the whole gradient was finite; if not, some of the
// parameters have been updated and must not be used any more.
bool adamw_step(const AdamW& settings, std::int64_t step, const GradientSum& gradient, float* parameter, float* first,
                float* second, std::int64_t n, int threads);

// out = parameter - lr (gradient + weight_decay parameter).
void gradient_step(double lr, double weight_decay, const GradientSum& gradient, const float* parameter, float* out,
                   std::int64_t n, int threads);
// out = parameter + factor v.
void offset(const float* parameter, double factor, const float* v, float* out, std::int64_t n, int threads);
// sum_i a_i b_i in double.
double dot(const float* a, const float* b, std::int64_t n, int threads);
bool all_finite(const float* a, std::int64_t n);

}  // namespace mtlgrid

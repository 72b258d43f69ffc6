#include "trainer/extractors/swin_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/clones.h"
#include "trainer/formats/ctranspath_weights.h"

namespace mtlgrid::swin {
namespace {

constexpr float kEps = 1e-5F;  // of PyTorch's LayerNorm
constexpr int kRows = ctranspath::kTokens;

struct Moments {
  float mean, rstd;
};

[[gnu::always_inline]] inline Moments moments(const float* x, std::int64_t d) {
  float sum = 0, square = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < d; ++j) sum += x[j];
  const float mean = sum / static_cast<float>(d);
#pragma omp simd reduction(+ : square)
  for (std::int64_t j = 0; j < d; ++j) square += (x[j] - mean) * (x[j] - mean);
  return {mean, 1 / std::sqrt(square / static_cast<float>(d) + kEps)};
}

// The normal distribution's function less a half, as x P(x^2) / Q(x^2) for |x| <= 5.6 and constant beyond. A rational
// fit of our own: weighted least squares with the weights raised where the error was large, largest error 1e-8.
[[gnu::always_inline]] inline float half_phi(float x) {
  const float c = std::min(5.6F, std::max(-5.6F, x));
  const float t = c * c;
  float p = 2.214581e-08F, q = 1.180213099e-06F;
  p = p * t + 6.356350791e-06F;
  q = q * t + 7.509693809e-05F;
  p = p * t + 0.0001738365858F;
  q = q * t + 0.00191289888F;
  p = p * t + 0.00470717309F;
  q = q * t + 0.02893932543F;
  p = p * t + 0.03437480555F;
  q = q * t + 0.2528305742F;
  p = p * t + 0.3989422217F;
  q = q * t + 1.F;
  return c * p / q;
}

// e^x for x <= 0: 2^n by the exponent's bits, and a polynomial for the rest (least squares on [-1/2, 1/2], relative
// error 2e-9); at least 2^-126.
[[gnu::always_inline]] inline float exp_negative(float x) {
  const float y = std::max(-126.F, x * 1.44269504F);
  const float n = std::floor(y + 0.5F), f = y - n;
  float p = 0.0001533758511F;
  p = p * f + 0.001339986991F;
  p = p * f + 0.009618519591F;
  p = p * f + 0.05550328974F;
  p = p * f + 0.2402264661F;
  p = p * f + 0.6931472056F;
  p = p * f + 1.F;
  return p * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

}  // namespace

MTLGRID_CLONES void normalise(const float* x, float* __restrict out, std::int64_t d) {
  const Moments m = moments(x, d);
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) out[j] = (x[j] - m.mean) * m.rstd;
}

MTLGRID_CLONES void normalise_and_add(const float* x, const float* bias, float* __restrict out, float* __restrict copy,
                                      std::int64_t d) {
  const Moments m = moments(x, d);
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) {
    out[j] = (x[j] - m.mean) * m.rstd;
    copy[j] = x[j] + bias[j];
  }
}

MTLGRID_CLONES void normalise_then_add(float* __restrict x, const float* bias, float* __restrict out, std::int64_t d) {
  const Moments m = moments(x, d);
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) {
    out[j] = (x[j] - m.mean) * m.rstd;
    x[j] += bias[j];
  }
}

MTLGRID_CLONES void scale_shift(float* __restrict y, const float* weight, const float* bias, std::int64_t d) {
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) y[j] = y[j] * weight[j] + bias[j];
}

MTLGRID_CLONES void bias_gelu(float* __restrict y, const float* bias, std::int64_t d) {
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) {
    const float x = y[j] + bias[j];
    y[j] = x * (0.5F + half_phi(x));
  }
}

MTLGRID_CLONES void bias_relu(float* __restrict y, const float* bias, std::int64_t d) {
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) {
    const float x = y[j] + bias[j];
    y[j] = x < 0 ? 0.F : x;
  }
}

MTLGRID_CLONES void add(float* __restrict y, const float* x, std::int64_t d) {
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) y[j] += x[j];
}

MTLGRID_CLONES void softmax(float* __restrict scores, const float* bias, const float* mask) {
  for (int i = 0; i < kRows; ++i) {
    float* __restrict row = scores + i * kScoreStride;
    const float* b = bias + i * kScoreStride;
    float most = -1e30F, sum = 0;
    if (mask != nullptr) {
      const float* m = mask + i * kScoreStride;
#pragma omp simd reduction(max : most)
      for (int j = 0; j < kScoreStride; ++j) {
        row[j] += b[j] + m[j];
        most = std::max(most, row[j]);
      }
    } else {
#pragma omp simd reduction(max : most)
      for (int j = 0; j < kScoreStride; ++j) {
        row[j] += b[j];
        most = std::max(most, row[j]);
      }
    }
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < kScoreStride; ++j) {
      row[j] = exp_negative(row[j] - most);
      sum += row[j];
    }
    const float scale = 1 / sum;
#pragma omp simd
    for (int j = 0; j < kScoreStride; ++j) row[j] *= scale;
  }
}

MTLGRID_CLONES void mean_rows(const float* rows, std::int64_t n, const float* weight, const float* bias,
                              float* __restrict out, std::int64_t d) {
  std::fill(out, out + d, 0.F);
  for (std::int64_t i = 0; i < n; ++i) {
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) out[j] += rows[i * d + j];
  }
  const float scale = 1 / static_cast<float>(n);
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) out[j] = out[j] * scale * weight[j] + bias[j];
}

}  // namespace mtlgrid::swin

// Loops of CTransPath's network between its matrix products, over float32 rows on the CPU, each in one pass. No torch.
//
// A row's bits do not depend on its neighbours: sums are those of the vector lanes, within a row.
#pragma once

#include <cstdint>

namespace mtlgrid::swin {

// Scores of one head of one window: 49 rows of 49, each padded to whole vectors.
inline constexpr int kScoreStride = 56;

// out = (x - mean) / sqrt(variance + 1e-5), LayerNorm without weight and bias, of one row of d.
void normalise(const float* x, float* out, std::int64_t d);
// The same, and copy = x + bias.
void normalise_and_add(const float* x, const float* bias, float* out, float* copy, std::int64_t d);
// The same in place on the source of the norm: out from x, then x += bias.
void normalise_then_add(float* x, const float* bias, float* out, std::int64_t d);
// y = y weight + bias.
void scale_shift(float* y, const float* weight, const float* bias, std::int64_t d);
// y = gelu(y + bias), with the error function: within 2e-6 of the exact value for |y| <= 8, and 3e-7 |y| beyond.
void bias_gelu(float* y, const float* bias, std::int64_t d);
// y = relu(y + bias).
void bias_relu(float* y, const float* bias, std::int64_t d);
// y += x.
void add(float* y, const float* x, std::int64_t d);
// Softmax of each of 49 rows of scores [49, kScoreStride] + bias + mask, in place; mask may be null. Both have the
// layout of the scores, and the bias so low a value in the padding that it becomes 0.
void softmax(float* scores, const float* bias, const float* mask);
// out[c] = weight[c] mean of the rows' column c + bias[c]; rows [n, d].
void mean_rows(const float* rows, std::int64_t n, const float* weight, const float* bias, float* out, std::int64_t d);

}  // namespace mtlgrid::swin

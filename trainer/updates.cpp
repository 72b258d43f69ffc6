#include "trainer/updates.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "datasets/errors.h"
#include "trainer/clones.h"

namespace mtlgrid {
namespace {

constexpr std::int64_t kChunk = 1 << 14;  // floats: an operand's chunk is 64 KiB

// Calls body(begin, end, chunk) for every chunk of [0, n).
template <typename Body>
void for_chunks(std::int64_t n, int threads, const Body& body) {
  const std::int64_t chunks = (n + kChunk - 1) / kChunk;
  const auto run = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t c = first; c < last; ++c) body(c * kChunk, std::min(n, (c + 1) * kChunk), c);
  };
  if (threads <= 1) {
    run(0, chunks);
  } else {
    at::parallel_for(0, chunks, std::max<std::int64_t>(1, chunks / threads), run);
  }
}

// A GradientSum with exactly two rows: a missing one is the first with coefficient 0, never read.
struct Rows {
  const float *a, *b;
  float ca, cb;
  bool two;
};
Rows rows_of(const GradientSum& g) {
  if (g.row.empty() || g.row.size() > kMaximumRows || g.row.size() != g.coefficient.size()) {
    throw Error(ErrorKind::fatal, "gradient sum of " + std::to_string(g.row.size()) + " rows");
  }
  const bool two = g.row.size() == 2;
  return {g.row[0], g.row[two ? 1 : 0], static_cast<float>(g.coefficient[0]),
          two ? static_cast<float>(g.coefficient[1]) : 0, two};
}

struct AdamWConstants {
  float decay, one_minus_beta1, beta2, one_minus_beta2, inverse_root, eps, step_size;
};

// One parameter; returns gradient * 0, which is NaN unless the gradient is finite.
template <bool kTwo>
[[gnu::always_inline]] inline float adamw_element(const AdamWConstants& c, const Rows& r, float* __restrict p,
                                                  float* __restrict m, float* __restrict v, std::int64_t i) {
  const float g = kTwo ? r.ca * r.a[i] + r.cb * r.b[i] : r.ca * r.a[i];
  const float first = m[i] + (g - m[i]) * c.one_minus_beta1;
  const float second = v[i] * c.beta2 + c.one_minus_beta2 * g * g;
  m[i] = first;
  v[i] = second;
  p[i] = p[i] * c.decay - c.step_size * first / (std::sqrt(second) * c.inverse_root + c.eps);
  return g * 0.0f;
}

// Returns 0 if every gradient is finite and NaN otherwise.
template <bool kTwo>
[[gnu::always_inline]] inline float adamw_loop(const AdamWConstants& c, const Rows& r, float* __restrict p,
                                               float* __restrict m, float* __restrict v, std::int64_t begin,
                                               std::int64_t end) {
  float lanes[16] = {};
  std::int64_t i = begin;
  for (; i + 16 <= end; i += 16) {
    for (std::int64_t j = 0; j < 16; ++j) lanes[j] += adamw_element<kTwo>(c, r, p, m, v, i + j);
  }
  float sum = 0;
  for (float x : lanes) sum += x;
  for (; i < end; ++i) sum += adamw_element<kTwo>(c, r, p, m, v, i);
  return sum;
}

MTLGRID_CLONES float adamw_chunk(const AdamWConstants& c, const Rows& r, float* p, float* m, float* v,
                                 std::int64_t begin, std::int64_t end) {
  return r.two ? adamw_loop<true>(c, r, p, m, v, begin, end) : adamw_loop<false>(c, r, p, m, v, begin, end);
}

MTLGRID_CLONES void gradient_step_chunk(float lr, float keep, const Rows& r, const float* p, float* __restrict out,
                                        std::int64_t begin, std::int64_t end) {
  if (r.two) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = p[i] * keep - lr * (r.ca * r.a[i] + r.cb * r.b[i]);
  } else {
    for (std::int64_t i = begin; i < end; ++i) out[i] = p[i] * keep - lr * (r.ca * r.a[i]);
  }
}

MTLGRID_CLONES void offset_chunk(const float* p, float factor, const float* v, float* __restrict out,
                                 std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) out[i] = p[i] + factor * v[i];
}

MTLGRID_CLONES double dot_chunk(const float* a, const float* b, std::int64_t begin, std::int64_t end) {
  double lanes[16] = {};
  std::int64_t i = begin;
  for (; i + 16 <= end; i += 16) {
    for (std::int64_t j = 0; j < 16; ++j) lanes[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
  }
  double sum = 0;
  for (double x : lanes) sum += x;
  for (; i < end; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

MTLGRID_CLONES float finite_sum(const float* a, std::int64_t begin, std::int64_t end) {
  float lanes[16] = {};
  std::int64_t i = begin;
  for (; i + 16 <= end; i += 16) {
    for (std::int64_t j = 0; j < 16; ++j) lanes[j] += a[i + j] * 0.0f;
  }
  float sum = 0;
  for (float x : lanes) sum += x;
  for (; i < end; ++i) sum += a[i] * 0.0f;
  return sum;
}

}  // namespace

bool adamw_step(const AdamW& s, std::int64_t step, const GradientSum& gradient, float* parameter, float* first,
                float* second, std::int64_t n, int threads) {
  const double correction1 = 1 - std::pow(s.beta1, static_cast<double>(step));
  const double correction2 = 1 - std::pow(s.beta2, static_cast<double>(step));
  const AdamWConstants c = {static_cast<float>(1 - s.lr * s.weight_decay),
                            static_cast<float>(1 - s.beta1),
                            static_cast<float>(s.beta2),
                            static_cast<float>(1 - s.beta2),
                            static_cast<float>(1 / std::sqrt(correction2)),
                            static_cast<float>(s.eps),
                            static_cast<float>(s.lr / correction1)};
  const Rows rows = rows_of(gradient);
  std::atomic<bool> finite = true;
  for_chunks(n, threads, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    const float bad = adamw_chunk(c, rows, parameter, first, second, begin, end);
    if (!(bad == 0)) finite = false;
  });
  return finite;
}

void gradient_step(double lr, double weight_decay, const GradientSum& gradient, const float* parameter, float* out,
                   std::int64_t n, int threads) {
  const Rows rows = rows_of(gradient);
  const auto keep = static_cast<float>(1 - lr * weight_decay);
  for_chunks(n, threads, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    gradient_step_chunk(static_cast<float>(lr), keep, rows, parameter, out, begin, end);
  });
}

void offset(const float* parameter, double factor, const float* v, float* out, std::int64_t n, int threads) {
  for_chunks(n, threads, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    offset_chunk(parameter, static_cast<float>(factor), v, out, begin, end);
  });
}

double dot(const float* a, const float* b, std::int64_t n, int threads) {
  std::vector<double> sums(static_cast<std::size_t>((n + kChunk - 1) / kChunk));
  for_chunks(n, threads, [&](std::int64_t begin, std::int64_t end, std::int64_t chunk) {
    sums[static_cast<std::size_t>(chunk)] = dot_chunk(a, b, begin, end);
  });
  double sum = 0;
  for (double x : sums) sum += x;
  return sum;
}

bool all_finite(const float* a, std::int64_t n) { return finite_sum(a, 0, n) == 0; }

}  // namespace mtlgrid

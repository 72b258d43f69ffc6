#include "trainer/kernels/updates.h"

#include <ATen/Parallel.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <initializer_list>
#include <string>

#include "base/clones.h"
#include "base/errors.h"
#include "trainer/kernels/gpu_kernels.h"

namespace mtlgrid {
namespace {

constexpr std::int64_t kChunk = 1 << 14;  // numbers: an operand's chunk is 64 KiB in float32

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

void require_alike(std::initializer_list<at::Tensor> tensors) {
  const at::Tensor& first = *tensors.begin();
  for (const at::Tensor& t : tensors) {
    const bool number = t.scalar_type() == at::kFloat || t.scalar_type() == at::kDouble;
    if (number && t.dim() == 1 && t.is_contiguous() && t.device() == first.device() &&
        t.scalar_type() == first.scalar_type() && t.numel() == first.numel()) {
      continue;
    }
    throw Error(ErrorKind::fatal,
                "parameter loop: tensors differ in type, length or device, or are not contiguous vectors");
  }
}

void require_sum(const GradientSum& g, const at::Tensor& like) {
  if (g.row.empty() || g.row.size() > kMaximumRows || g.row.size() != g.coefficient.size()) {
    throw Error(ErrorKind::fatal,
                "gradient sum of " + std::to_string(g.row.size()) + " rows, expected 1 or 2 with a coefficient each");
  }
  for (const at::Tensor& row : g.row) require_alike({like, row});
}

// Calls f(T{}) with the tensors' number type.
template <typename F>
auto with_type(const at::Tensor& like, const F& f) {
  return like.scalar_type() == at::kDouble ? f(double{}) : f(float{});
}

// A GradientSum with exactly two rows: a missing one is the first with coefficient 0, never read.
template <typename T>
struct Rows {
  explicit Rows(const GradientSum& g)
      : two(g.row.size() == 2),
        a(g.row[0].template const_data_ptr<T>()),
        b(g.row[two ? 1 : 0].template const_data_ptr<T>()),
        ca(static_cast<T>(g.coefficient[0])),
        cb(two ? static_cast<T>(g.coefficient[1]) : 0) {}
  bool two;
  const T *a, *b;
  T ca, cb;
};

template <typename T>
struct AdamWConstants {
  AdamWConstants(const AdamW& s, std::int64_t step)
      : decay(static_cast<T>(1 - s.lr * s.weight_decay)),
        one_minus_beta1(static_cast<T>(1 - s.beta1)),
        beta2(static_cast<T>(s.beta2)),
        one_minus_beta2(static_cast<T>(1 - s.beta2)),
        inverse_root(static_cast<T>(1 / std::sqrt(1 - std::pow(s.beta2, static_cast<double>(step))))),
        eps(static_cast<T>(s.eps)),
        step_size(static_cast<T>(s.lr / (1 - std::pow(s.beta1, static_cast<double>(step))))) {}
  T decay, one_minus_beta1, beta2, one_minus_beta2, inverse_root, eps, step_size;
};

// Operands of the AdamW loop.
template <typename T>
struct AdamWArrays {
  T *p, *m, *v;
};

// One parameter; returns gradient * 0, which is NaN unless the gradient is finite.
template <bool kTwo, typename T>
[[gnu::always_inline]] inline T adamw_element(const AdamWConstants<T>& c, const Rows<T>& r, T* __restrict p,
                                              T* __restrict m, T* __restrict v, std::int64_t i) {
  const T g = kTwo ? r.ca * r.a[i] + r.cb * r.b[i] : r.ca * r.a[i];
  const T first = m[i] + (g - m[i]) * c.one_minus_beta1;
  const T second = v[i] * c.beta2 + c.one_minus_beta2 * g * g;
  m[i] = first;
  v[i] = second;
  p[i] = p[i] * c.decay - c.step_size * first / (std::sqrt(second) * c.inverse_root + c.eps);
  return g * 0;
}

// Returns 0 if every gradient is finite and NaN otherwise.
template <bool kTwo, typename T>
[[gnu::always_inline]] inline T adamw_loop(const AdamWConstants<T>& c, const Rows<T>& r, T* __restrict p,
                                           T* __restrict m, T* __restrict v, std::int64_t begin, std::int64_t end) {
  T lanes[16] = {};
  std::int64_t i = begin;
  for (; i + 16 <= end; i += 16) {
    for (std::int64_t j = 0; j < 16; ++j) lanes[j] += adamw_element<kTwo>(c, r, p, m, v, i + j);
  }
  T sum = 0;
  for (T x : lanes) sum += x;
  for (; i < end; ++i) sum += adamw_element<kTwo>(c, r, p, m, v, i);
  return sum;
}

template <typename T>
[[gnu::always_inline]] inline T adamw_any(const AdamWConstants<T>& c, const Rows<T>& r, const AdamWArrays<T>& x,
                                          std::int64_t begin, std::int64_t end) {
  return r.two ? adamw_loop<true>(c, r, x.p, x.m, x.v, begin, end) : adamw_loop<false>(c, r, x.p, x.m, x.v, begin, end);
}

template <typename T>
[[gnu::always_inline]] inline void gradient_step_any(T lr, T keep, const Rows<T>& r, const T* p, T* __restrict out,
                                                     std::int64_t begin, std::int64_t end) {
  if (r.two) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = p[i] * keep - lr * (r.ca * r.a[i] + r.cb * r.b[i]);
  } else {
    for (std::int64_t i = begin; i < end; ++i) out[i] = p[i] * keep - lr * (r.ca * r.a[i]);
  }
}

template <typename T>
[[gnu::always_inline]] inline void offset_any(const T* p, T factor, const T* v, T* __restrict out, std::int64_t begin,
                                              std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) out[i] = p[i] + factor * v[i];
}

template <typename T>
[[gnu::always_inline]] inline T finite_any(const T* a, std::int64_t n) {
  T lanes[16] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (std::int64_t j = 0; j < 16; ++j) lanes[j] += a[i + j] * 0;
  }
  T sum = 0;
  for (T x : lanes) sum += x;
  for (; i < n; ++i) sum += a[i] * 0;
  return sum;
}

// The loops for both types. Templates cannot be cloned, hence one function each.
MTLGRID_CLONES float adamw_chunk(const AdamWConstants<float>& c, const Rows<float>& r, const AdamWArrays<float>& x,
                                 std::int64_t begin, std::int64_t end) {
  return adamw_any(c, r, x, begin, end);
}
MTLGRID_CLONES double adamw_chunk(const AdamWConstants<double>& c, const Rows<double>& r, const AdamWArrays<double>& x,
                                  std::int64_t begin, std::int64_t end) {
  return adamw_any(c, r, x, begin, end);
}
MTLGRID_CLONES void gradient_step_chunk(float lr, float keep, const Rows<float>& r, const float* p, float* out,
                                        std::int64_t begin, std::int64_t end) {
  gradient_step_any(lr, keep, r, p, out, begin, end);
}
MTLGRID_CLONES void gradient_step_chunk(double lr, double keep, const Rows<double>& r, const double* p, double* out,
                                        std::int64_t begin, std::int64_t end) {
  gradient_step_any(lr, keep, r, p, out, begin, end);
}
MTLGRID_CLONES void offset_chunk(const float* p, float factor, const float* v, float* out, std::int64_t begin,
                                 std::int64_t end) {
  offset_any(p, factor, v, out, begin, end);
}
MTLGRID_CLONES void offset_chunk(const double* p, double factor, const double* v, double* out, std::int64_t begin,
                                 std::int64_t end) {
  offset_any(p, factor, v, out, begin, end);
}
MTLGRID_CLONES float finite_sum(const float* a, std::int64_t n) { return finite_any(a, n); }
MTLGRID_CLONES double finite_sum(const double* a, std::int64_t n) { return finite_any(a, n); }

}  // namespace

void adamw_step(const AdamW& settings, std::int64_t step, const GradientSum& gradient, const at::Tensor& parameter,
                const at::Tensor& first, const at::Tensor& second, int threads, const at::Tensor& not_finite) {
  require_sum(gradient, parameter);
  require_alike({parameter, first, second});
  if (!parameter.is_cpu()) {
    return gpu::adamw_steps(settings, step, {gradient}, parameter.unsqueeze(0), first.unsqueeze(0), second.unsqueeze(0),
                            not_finite);
  }
  with_type(parameter, [&]<typename T>(T) {
    const AdamWConstants<T> constants(settings, step);
    const Rows<T> rows(gradient);
    const AdamWArrays<T> arrays = {parameter.data_ptr<T>(), first.data_ptr<T>(), second.data_ptr<T>()};
    std::atomic<bool> finite = true;
    for_chunks(parameter.numel(), threads, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      if (!(adamw_chunk(constants, rows, arrays, begin, end) == 0)) finite = false;
    });
    if (!finite) *not_finite.data_ptr<int>() = 1;
  });
}

void gradient_step(double lr, double weight_decay, const GradientSum& gradient, const at::Tensor& parameter,
                   const at::Tensor& out, int threads) {
  require_sum(gradient, parameter);
  require_alike({parameter, out});
  if (!parameter.is_cpu()) return gpu::gradient_step(lr, weight_decay, gradient, parameter, out);
  with_type(parameter, [&]<typename T>(T) {
    const Rows<T> rows(gradient);
    const T rate = static_cast<T>(lr), keep = static_cast<T>(1 - lr * weight_decay);
    const T* p = parameter.const_data_ptr<T>();
    T* to = out.data_ptr<T>();
    for_chunks(parameter.numel(), threads, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      gradient_step_chunk(rate, keep, rows, p, to, begin, end);
    });
  });
}

void offset(const at::Tensor& parameter, double factor, const at::Tensor& v, const at::Tensor& out, int threads) {
  require_alike({parameter, v, out});
  if (!parameter.is_cpu()) return gpu::offset(parameter, factor, v, out);
  with_type(parameter, [&]<typename T>(T) {
    const T *p = parameter.const_data_ptr<T>(), *direction = v.const_data_ptr<T>();
    T* to = out.data_ptr<T>();
    for_chunks(parameter.numel(), threads, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      offset_chunk(p, static_cast<T>(factor), direction, to, begin, end);
    });
  });
}

bool all_finite(const at::Tensor& a) {
  require_alike({a});
  if (!a.is_cpu()) return at::isfinite(a).all().item<bool>();
  return with_type(a, [&]<typename T>(T) { return finite_sum(a.const_data_ptr<T>(), a.numel()) == 0; });
}

}  // namespace mtlgrid

#include "trainer/kernels/rows.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "base/clones.h"
#include "trainer/kernels/gpu_kernels.h"

// Loops over one row. Sums and their order are those of the vector lanes: `omp simd` allows that, and nothing else of
// what -ffast-math would.
namespace mtlgrid {
namespace {

constexpr std::int64_t kChunk = 64;  // rows; column sums are formed chunk by chunk, in order
constexpr double kEps = 1e-5;        // PyTorch's

template <typename T>
[[gnu::always_inline]] inline void relu_row(T* __restrict y, const T* bias, const T* mask, std::int64_t d) {
  if (mask != nullptr) {
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) {
      const T v = y[j] + bias[j];
      y[j] = (v < 0 ? T(0) : v) * mask[j];  // a NaN stays one
    }
  } else {
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) {
      const T v = y[j] + bias[j];
      y[j] = v < 0 ? T(0) : v;
    }
  }
}

template <typename T>
[[gnu::always_inline]] inline void relu_backward_row(T* __restrict g, const T* y, T kept, T* __restrict sums,
                                                     std::int64_t d) {
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) {
    const T v = y[j] > 0 ? g[j] * kept : T(0);
    g[j] = v;
    sums[j] += v;
  }
}

template <typename T>
struct NormRow {
  const T *x, *bias, *mask, *weight, *shift;
};

// `y` becomes the normalised row; returns rstd.
template <typename T>
[[gnu::always_inline]] inline T norm_row(const NormRow<T>& p, T* __restrict y, T* __restrict out, std::int64_t d) {
  T sum = 0;
  if (p.mask != nullptr) {
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = 0; j < d; ++j) {
      const T v = p.x[j] + (y[j] + p.bias[j]) * p.mask[j];
      y[j] = v;
      sum += v;
    }
  } else {
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = 0; j < d; ++j) {
      const T v = p.x[j] + (y[j] + p.bias[j]);
      y[j] = v;
      sum += v;
    }
  }
  const T mean = sum / static_cast<T>(d);
  T square = 0;
#pragma omp simd reduction(+ : square)
  for (std::int64_t j = 0; j < d; ++j) square += (y[j] - mean) * (y[j] - mean);
  const T rstd = 1 / std::sqrt(square / static_cast<T>(d) + static_cast<T>(kEps));
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) {
    const T v = (y[j] - mean) * rstd;
    y[j] = v;
    out[j] = v * p.weight[j] + p.shift[j];
  }
  return rstd;
}

template <typename T>
struct NormBackwardRow {
  const T *normalised, *weight, *mask;
  T rstd;
  T *weight_sums, *shift_sums, *bias_sums;
};

template <typename T>
[[gnu::always_inline]] inline void norm_backward_row(const NormBackwardRow<T>& p, const T* g, T* __restrict by_x,
                                                     T* __restrict by_y, std::int64_t d) {
  T* __restrict weight_sums = p.weight_sums, * __restrict shift_sums = p.shift_sums, * __restrict bias_sums = p.bias_sums;
  T sum = 0, along = 0;
#pragma omp simd reduction(+ : sum, along)
  for (std::int64_t j = 0; j < d; ++j) {
    const T h = g[j] * p.weight[j];
    weight_sums[j] += g[j] * p.normalised[j];
    shift_sums[j] += g[j];
    sum += h;
    along += h * p.normalised[j];
  }
  const T mean = sum / static_cast<T>(d), slope = along / static_cast<T>(d);
  if (p.mask != nullptr) {
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) {
      const T v = (g[j] * p.weight[j] - mean - p.normalised[j] * slope) * p.rstd;
      by_x[j] = v;
      by_y[j] = v * p.mask[j];
      bias_sums[j] += v * p.mask[j];
    }
  } else {
#pragma omp simd
    for (std::int64_t j = 0; j < d; ++j) {
      const T v = (g[j] * p.weight[j] - mean - p.normalised[j] * slope) * p.rstd;
      by_x[j] = v;
      bias_sums[j] += v;
    }
  }
}

template <typename T>
[[gnu::always_inline]] inline void sum_row(const T* g, T* __restrict sums, std::int64_t d) {
#pragma omp simd
  for (std::int64_t j = 0; j < d; ++j) sums[j] += g[j];
}

// The loops for both types. Templates cannot be cloned, hence one function each.
MTLGRID_CLONES void relu_of(float* y, const float* bias, const float* mask, std::int64_t d) {
  relu_row(y, bias, mask, d);
}
MTLGRID_CLONES void relu_of(double* y, const double* bias, const double* mask, std::int64_t d) {
  relu_row(y, bias, mask, d);
}
MTLGRID_CLONES void relu_backward_of(float* g, const float* y, float kept, float* sums, std::int64_t d) {
  relu_backward_row(g, y, kept, sums, d);
}
MTLGRID_CLONES void relu_backward_of(double* g, const double* y, double kept, double* sums, std::int64_t d) {
  relu_backward_row(g, y, kept, sums, d);
}
MTLGRID_CLONES float norm_of(const NormRow<float>& p, float* y, float* out, std::int64_t d) {
  return norm_row(p, y, out, d);
}
MTLGRID_CLONES double norm_of(const NormRow<double>& p, double* y, double* out, std::int64_t d) {
  return norm_row(p, y, out, d);
}
MTLGRID_CLONES void norm_backward_of(const NormBackwardRow<float>& p, const float* g, float* by_x, float* by_y,
                                     std::int64_t d) {
  norm_backward_row(p, g, by_x, by_y, d);
}
MTLGRID_CLONES void norm_backward_of(const NormBackwardRow<double>& p, const double* g, double* by_x, double* by_y,
                                     std::int64_t d) {
  norm_backward_row(p, g, by_x, by_y, d);
}
MTLGRID_CLONES void sum_of(const float* g, float* sums, std::int64_t d) { sum_row(g, sums, d); }
MTLGRID_CLONES void sum_of(const double* g, double* sums, std::int64_t d) { sum_row(g, sums, d); }

// Calls f(T{}) with the tensor's number type.
template <typename F>
void with_type(const at::Tensor& like, const F& f) {
  like.scalar_type() == at::kDouble ? f(double{}) : f(float{});
}

// Calls body(begin, end, chunk) for the chunks of `rows` rows.
template <typename Body>
void for_chunks(std::int64_t rows, const Body& body) {
  const std::int64_t chunks = (rows + kChunk - 1) / kChunk;
  const auto run = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t c = first; c < last; ++c) body(c * kChunk, std::min(rows, (c + 1) * kChunk), c);
  };
  if (at::get_num_threads() == 1 || chunks == 1) {
    run(0, chunks);
  } else {
    at::parallel_for(0, chunks, 1, run);
  }
}

// Column sums of `count` kinds, each chunk's apart until the end.
template <typename T>
class ChunkSums {
 public:
  ChunkSums(std::int64_t rows, std::int64_t count, std::int64_t d)
      : chunks_((rows + kChunk - 1) / kChunk),
        d_(d),
        count_(count),
        sums_(static_cast<std::size_t>(chunks_ * count * d)) {}
  T* of(std::int64_t chunk, std::int64_t kind) { return sums_.data() + (chunk * count_ + kind) * d_; }
  void write(std::int64_t kind, T* out) {
    std::fill(out, out + d_, T(0));
    for (std::int64_t c = 0; c < chunks_; ++c) sum_of(of(c, kind), out, d_);
  }

 private:
  std::int64_t chunks_, d_, count_;
  std::vector<T> sums_;
};

template <typename T>
T* row_of(const at::Tensor& parameter, std::int64_t member) {  // of a view [F, 1, d]
  return parameter.data_ptr<T>() + member * parameter.stride(0);
}

template <typename T>
const T* pointer(const at::Tensor& mask) {
  return mask.defined() ? mask.const_data_ptr<T>() : nullptr;
}

}  // namespace

void bias_relu_drop_(const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask) {
  if (!y.is_cpu()) return gpu::bias_relu_drop_(y, bias, mask);
  const std::int64_t n = y.size(1), d = y.size(2);
  with_type(y, [&]<typename T>(T) {
    const T* m = pointer<T>(mask);
    for (std::int64_t f = 0; f < y.size(0); ++f) {
      T* rows = y.data_ptr<T>() + f * n * d;
      for_chunks(n, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
        for (std::int64_t i = begin; i < end; ++i) relu_of(rows + i * d, row_of<T>(bias, f), m ? m + i * d : m, d);
      });
    }
  });
}

void bias_relu_drop_backward_(const at::Tensor& g, const at::Tensor& y, double kept, const at::Tensor& bias_gradient) {
  if (!g.is_cpu()) return gpu::bias_relu_drop_backward_(g, y, kept, bias_gradient);
  const std::int64_t n = y.size(1), d = y.size(2), tasks = g.size(1) / n;
  with_type(g, [&]<typename T>(T) {
    for (std::int64_t r = 0; r < g.size(0) * tasks; ++r) {
      T* rows = g.data_ptr<T>() + r * n * d;
      const T* forward = y.const_data_ptr<T>() + r / tasks * n * d;
      ChunkSums<T> sums(n, 1, d);
      for_chunks(n, [&](std::int64_t begin, std::int64_t end, std::int64_t c) {
        for (std::int64_t i = begin; i < end; ++i) {
          relu_backward_of(rows + i * d, forward + i * d, static_cast<T>(kept), sums.of(c, 0), d);
        }
      });
      sums.write(0, row_of<T>(bias_gradient, r));
    }
  });
}

at::Tensor add_drop_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& bias, const at::Tensor& mask,
                         const NormView& p, NormSaved& saved) {
  if (!y.is_cpu()) return gpu::add_drop_norm(x, y, bias, mask, p, saved);
  const std::int64_t members = y.size(0), n = y.size(1), d = y.size(2);
  at::Tensor out = at::empty_like(y);
  saved.normalised = y;
  saved.rstd = at::empty({members, n}, y.options());
  with_type(y, [&]<typename T>(T) {
    const T* m = pointer<T>(mask);
    for (std::int64_t f = 0; f < members; ++f) {
      for_chunks(n, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t at = (f * n + i) * d;
          const NormRow<T> row = {x.const_data_ptr<T>() + at, row_of<T>(bias, f), m ? m + i * d : m,
                                  row_of<T>(p.weight, f), row_of<T>(p.bias, f)};
          saved.rstd.data_ptr<T>()[f * n + i] = norm_of(row, y.data_ptr<T>() + at, out.data_ptr<T>() + at, d);
        }
      });
    }
  });
  return out;
}

AddDropNormGradient add_drop_norm_backward(const NormView& p, const NormSaved& saved, const at::Tensor& g,
                                           const at::Tensor& mask, const NormView& gradient,
                                           const at::Tensor& bias_gradient) {
  if (!g.is_cpu()) return gpu::add_drop_norm_backward(p, saved, g, mask, gradient, bias_gradient);
  const std::int64_t n = saved.normalised.size(1), d = g.size(2), tasks = g.size(1) / n;
  const at::Tensor by_x = at::empty_like(g), by_y = mask.defined() ? at::empty_like(g) : by_x;
  with_type(g, [&]<typename T>(T) {
    const T* m = pointer<T>(mask);
    for (std::int64_t r = 0; r < g.size(0) * tasks; ++r) {
      const std::int64_t f = r / tasks;
      ChunkSums<T> sums(n, 3, d);
      for_chunks(n, [&](std::int64_t begin, std::int64_t end, std::int64_t c) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t at = (r * n + i) * d, forward = f * n + i;
          const NormBackwardRow<T> row = {saved.normalised.const_data_ptr<T>() + forward * d,
                                          row_of<T>(p.weight, f),
                                          m ? m + i * d : m,
                                          saved.rstd.const_data_ptr<T>()[forward],
                                          sums.of(c, 0),
                                          sums.of(c, 1),
                                          sums.of(c, 2)};
          norm_backward_of(row, g.const_data_ptr<T>() + at, by_x.data_ptr<T>() + at, by_y.data_ptr<T>() + at, d);
        }
      });
      sums.write(0, row_of<T>(gradient.weight, r));
      sums.write(1, row_of<T>(gradient.bias, r));
      sums.write(2, row_of<T>(bias_gradient, r));
    }
  });
  return {by_x, by_y};
}

void column_sums(const at::Tensor& g, const at::Tensor& sums) {
  if (!g.is_cpu()) return gpu::column_sums(g, sums);
  const std::int64_t rows = sums.size(0), d = g.size(2), n = g.numel() / rows / d;
  with_type(g, [&]<typename T>(T) {
    for (std::int64_t r = 0; r < rows; ++r) {
      ChunkSums<T> partial(n, 1, d);
      for_chunks(n, [&](std::int64_t begin, std::int64_t end, std::int64_t c) {
        for (std::int64_t i = begin; i < end; ++i) sum_of(g.const_data_ptr<T>() + (r * n + i) * d, partial.of(c, 0), d);
      });
      partial.write(0, row_of<T>(sums, r));
    }
  });
}

}  // namespace mtlgrid

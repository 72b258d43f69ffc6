#include "balancers/aggregations/inner_products.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <stdexcept>

#include "balancers/aggregations/gradients.h"
#include "base/clones.h"

namespace mtlgrid {
namespace {

constexpr std::int64_t kChunk = 1 << 14;  // columns: the chunks of a few rows stay in the second-level cache

template <typename T>
[[gnu::always_inline]] inline double dot_any(const T* a, const T* b, std::int64_t n) {
  constexpr int kLanes = 16;
  double lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int j = 0; j < kLanes; ++j) lanes[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
  }
  double sum = 0;
  for (const double x : lanes) sum += x;
  for (; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}
// Templates cannot be cloned, hence one function each.
MTLGRID_CLONES double dot_chunk(const float* a, const float* b, std::int64_t n) { return dot_any(a, b, n); }
MTLGRID_CLONES double dot_chunk(const double* a, const double* b, std::int64_t n) { return dot_any(a, b, n); }

template <typename T>
std::vector<double> on_cpu(const at::Tensor& a, const at::Tensor& b) {
  const std::int64_t rows = a.size(0), cols = b.size(0), n = a.size(1), chunks = (n + kChunk - 1) / kChunk;
  std::vector<double> partial(static_cast<std::size_t>(chunks * rows * cols));
  const T *x = a.const_data_ptr<T>(), *y = b.const_data_ptr<T>();
  at::parallel_for(0, chunks, 16, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t c = first; c < last; ++c) {
      const std::int64_t begin = c * kChunk, count = std::min(kChunk, n - begin);
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < cols; ++j) {
          const auto at = [&](std::int64_t row, std::int64_t col) -> double& {
            return partial[static_cast<std::size_t>((c * rows + row) * cols + col)];
          };
          const bool mirrored = x == y && j < i;  // M is symmetric
          at(i, j) = mirrored ? at(j, i) : dot_chunk(x + i * a.stride(0) + begin, y + j * b.stride(0) + begin, count);
        }
      }
    }
  });
  std::vector<double> sums(static_cast<std::size_t>(rows * cols));
  for (std::size_t i = 0; i < partial.size(); ++i) sums[i % sums.size()] += partial[i];
  return sums;
}

std::vector<double> anywhere(const at::Tensor& a, const at::Tensor& b) {
  at::Tensor sum = at::zeros({a.size(0), b.size(0)}, a.options().dtype(at::kDouble));
  for_column_chunks(a, [&](std::int64_t start, std::int64_t count) {
    sum += at::mm(a.narrow(1, start, count).to(at::kDouble), b.narrow(1, start, count).to(at::kDouble).t());
  });
  const at::Tensor values = sum.cpu().contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

bool plain(const at::Tensor& t, at::ScalarType type) {
  return t.is_cpu() && t.scalar_type() == type && (t.stride(1) == 1 || t.size(1) <= 1);
}

}  // namespace

std::vector<double> inner_products(const at::Tensor& a, const at::Tensor& b) {
  if (a.dim() != 2 || b.dim() != 2 || a.size(1) != b.size(1)) {
    throw std::invalid_argument("inner products need rows of one length");
  }
  if (plain(a, at::kFloat) && plain(b, at::kFloat)) return on_cpu<float>(a, b);
  if (plain(a, at::kDouble) && plain(b, at::kDouble)) return on_cpu<double>(a, b);
  return anywhere(a, b);
}

}  // namespace mtlgrid

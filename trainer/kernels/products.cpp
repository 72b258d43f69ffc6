#include "trainer/kernels/products.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <vector>

#include "base/clones.h"

namespace mtlgrid {
namespace {

bool gpu_products_in_bf16 = false;

constexpr std::int64_t kTile = 16;  // floats in the widest vector

// Pieces that keep the operands of a kernel in the second-level cache (1 MiB and more on current processors).
constexpr std::int64_t kRows = 256, kColumns = 384, kDepth = 768;

// One matrix of a stack: element (i, j) at data[i * row + j * col]. Copies of a left factor continue every kDepth
// columns in another panel, `panel` floats further.
struct Strided {
  const float* data;
  std::int64_t row, col;
  std::int64_t panel = 0;
  Strided transposed() const { return {data, col, row}; }
};

// The next piece of a dimension of which `left` is left. Sizes that depend on a bag take few values this way.
std::int64_t piece(std::int64_t left, std::int64_t most) {
  if (left >= most) return most;
  return left >= 64 ? left / 64 * 64 : left;
}

struct Range {
  std::int64_t begin, size;
};
std::vector<Range> pieces(std::int64_t n, std::int64_t most) {
  std::vector<Range> out;
  for (std::int64_t i = 0; i < n; i += out.back().size) out.push_back({i, piece(n - i, most)});
  return out;
}

at::Tensor scratch(std::int64_t rows, std::int64_t cols) { return at::empty({rows, cols}, at::kFloat); }

// The stride of copies with rows of n floats, n depending on a bag: few different values, as kernels are compiled for
// each, and not a multiple of a page, so that rows do not compete for the same cache lines.
std::int64_t stride_for(std::int64_t n) { return n < 64 ? n : (n + 255) / 256 * 256 + kTile; }

// Row-major copy, row by row `stride` apart, of x [rows, cols] whose columns are contiguous.
at::Tensor row_major(const Strided& x, std::int64_t rows, std::int64_t cols, std::int64_t stride) {
  at::Tensor copy = scratch(rows, stride);
  transpose(x.data, x.col, cols, rows, copy.data_ptr<float>(), stride);
  return copy;
}

// The same of a left factor [rows, cols], in panels of kDepth columns; its rows or its columns are contiguous.
Strided copy_left(const Strided& x, std::int64_t rows, std::int64_t cols, at::Tensor& copy) {
  const std::int64_t row = cols < 64 ? cols : kDepth + kTile, panel = rows * row;
  copy = scratch((cols + kDepth - 1) / kDepth * rows, row);
  for (std::int64_t begin = 0; begin < cols; begin += kDepth) {
    const std::int64_t width = std::min(kDepth, cols - begin);
    const float* from = x.data + begin * x.col;
    float* to = copy.data_ptr<float>() + begin / kDepth * panel;
    if (x.col != 1) {
      transpose(from, x.col, width, rows, to, row);
    } else {
      for (std::int64_t i = 0; i < rows; ++i) std::copy_n(from + i * x.row, width, to + i * row);
    }
  }
  return {copy.const_data_ptr<float>(), row, 1, panel};
}

// C = A B or C += A B for row-major A and B.
void multiply_row_major(const Strided& a, const Strided& b, float* c, std::int64_t c_row, std::int64_t m,
                        std::int64_t n, std::int64_t k, bool add) {
  const std::vector<Range> rows = pieces(m, kRows), columns = pieces(n, kColumns), depths = pieces(k, kDepth);
  const auto part = [&](std::int64_t index) {
    const Range j = columns[static_cast<std::size_t>(index) / rows.size()];
    const Range i = rows[static_cast<std::size_t>(index) % rows.size()];
    for (const Range& d : depths) {
      const std::int64_t a_begin = a.panel == 0 ? d.begin : d.begin / kDepth * a.panel + d.begin % kDepth;
      kernel(i.size, j.size, d.size, a.data + i.begin * a.row + a_begin, a.row, b.data + d.begin * b.row + j.begin,
             b.row, c + i.begin * c_row + j.begin, c_row, add || d.begin > 0);
    }
  };
  const auto parts = static_cast<std::int64_t>(rows.size() * columns.size());
  if (at::get_num_threads() == 1 || at::in_parallel_region()) {
    for (std::int64_t p = 0; p < parts; ++p) part(p);
  } else {
    at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t p = begin; p < end; ++p) part(p);
    });
  }
}

void multiply_one(Strided a, Strided b, float* c, std::int64_t c_row, std::int64_t m, std::int64_t n, std::int64_t k,
                  bool add) {
  at::Tensor a_copy, b_copy;
  if (b.col != 1) {
    // B is stored transposed (y = x W^T). If A and C are the smaller ones, C^T = B^T A^T uses B without a copy.
    if (m * (k + n) < k * n) {
      const std::int64_t stride = stride_for(m);
      at::Tensor result = scratch(n, stride);
      multiply_one(b.transposed(), a.transposed(), result.data_ptr<float>(), stride, n, m, k, false);
      if (!add) return transpose(result.const_data_ptr<float>(), stride, n, m, c, c_row);
      at::Tensor turned = scratch(m, n);
      transpose(result.const_data_ptr<float>(), stride, n, m, turned.data_ptr<float>(), n);
      for (std::int64_t i = 0; i < m; ++i) {
        const float* from = turned.const_data_ptr<float>() + i * n;
        for (std::int64_t j = 0; j < n; ++j) c[i * c_row + j] += from[j];
      }
      return;
    }
    const std::int64_t stride = stride_for(n);
    b_copy = row_major(b, k, n, stride);
    b = {b_copy.const_data_ptr<float>(), stride, 1};
  }
  // A row length that is not a multiple of the vector's depends on the bag.
  if (a.col != 1 || (m < 64 && k >= 64 && a.row % kTile != 0)) a = copy_left(a, m, k, a_copy);
  multiply_row_major(a, b, c, c_row, m, n, k, add);
}

// Matrix (f, i) of a stack with two leading dimensions. A dimension of size 1 has any stride: give it a sane one.
Strided matrix(const at::Tensor& t, std::int64_t f, std::int64_t i) {
  const float* data = t.const_data_ptr<float>() + f * t.stride(0) + i * t.stride(1);
  const std::int64_t rows = t.size(2), cols = t.size(3);
  if (cols == 1 && rows > 1) return {data, t.stride(2), 1};
  if (rows == 1) return {data, std::max(cols, t.stride(2)), cols == 1 ? 1 : t.stride(3)};
  return {data, t.stride(2), t.stride(3)};
}

bool served(const at::Tensor& t) {
  return t.is_cpu() && t.scalar_type() == at::kFloat && (t.stride(-1) == 1 || t.stride(-2) == 1);
}

at::Tensor four(const at::Tensor& t) { return t.dim() == 4 ? t : t.unsqueeze(1); }

// By ATen: batches along the longer of the leading dimensions (the other may be expanded: no one stride goes through
// both).
void multiply_batches(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b, bool add) {
  const std::int64_t along = out.size(0) < out.size(1) ? 0 : 1;
  for (std::int64_t i = 0; i < out.size(along); ++i) {
    at::Tensor to = out.select(along, i), x = a.select(along, i), y = b.select(along, i);
    if (gpu_products_in_bf16 && to.is_cuda() && to.scalar_type() == at::kFloat) {
      const at::Tensor sum = at::bmm(x.to(at::kBFloat16), y.to(at::kBFloat16), at::kFloat);
      add ? to.add_(sum) : to.copy_(sum);
    } else {
      add ? at::baddbmm_out(to, to, x, y) : at::bmm_out(to, x, y);
    }
  }
}

void multiply_any(const at::Tensor& out3, const at::Tensor& a3, const at::Tensor& b3, bool add) {
  const at::Tensor out = four(out3), a = four(a3), b = four(b3);
  if (!served(out) || !served(a) || !served(b) || !has_kernels()) return multiply_batches(out, a, b, add);
  const std::int64_t m = out.size(2), n = out.size(3), k = a.size(3);
  for (std::int64_t f = 0; f < out.size(0); ++f) {
    for (std::int64_t i = 0; i < out.size(1); ++i) {
      float* c = out.data_ptr<float>() + f * out.stride(0) + i * out.stride(1);
      multiply_one(matrix(a, f, i), matrix(b, f, i), c, m == 1 ? n : out.stride(2), m, n, k, add);
    }
  }
}

MTLGRID_CLONES void transpose_floats(const float* in, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                                     float* out, std::int64_t out_stride) {
  typedef float Row __attribute__((vector_size(4 * kTile)));
  typedef int Lanes __attribute__((vector_size(4 * kTile)));
  std::int64_t i = 0;
  for (; i + kTile <= rows; i += kTile) {
    std::int64_t j = 0;
    for (; j + kTile <= cols; j += kTile) {
      Row v[kTile];
      for (int r = 0; r < kTile; ++r) __builtin_memcpy(&v[r], in + (i + r) * stride + j, sizeof(Row));
        // Bit s of the row's number changes places with bit s of the lane's.
#pragma GCC unroll 4
      for (int s = kTile / 2; s > 0; s /= 2) {
        Lanes low, high;
        for (int lane = 0; lane < kTile; ++lane) {
          low[lane] = lane & s ? lane - s + kTile : lane;
          high[lane] = lane & s ? lane + kTile : lane + s;
        }
#pragma GCC unroll 16
        for (int r = 0; r < kTile; ++r) {
          if (r & s) continue;
          const Row a = v[r], b = v[r + s];
          v[r] = __builtin_shuffle(a, b, low);
          v[r + s] = __builtin_shuffle(a, b, high);
        }
      }
      for (int r = 0; r < kTile; ++r) __builtin_memcpy(out + (j + r) * out_stride + i, &v[r], sizeof(Row));
    }
    for (; j < cols; ++j) {
      for (int r = 0; r < kTile; ++r) out[j * out_stride + i + r] = in[(i + r) * stride + j];
    }
  }
  for (std::int64_t j = 0; j < cols; ++j) {
    for (std::int64_t r = i; r < rows; ++r) out[j * out_stride + r] = in[r * stride + j];
  }
}

bool try_kernel() {
  const float a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8};
  float c[4] = {};
  try {
    kernel(2, 2, 2, a, 2, b, 2, c, 2, false);
  } catch (const c10::Error&) {  // how ATen says that it has none
    return false;
  }
  return c[0] == 19 && c[1] == 22 && c[2] == 43 && c[3] == 50;
}

}  // namespace

void multiply(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b) { multiply_any(out, a, b, false); }
void multiply_add(const at::Tensor& out, const at::Tensor& a, const at::Tensor& b) { multiply_any(out, a, b, true); }

at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  std::vector<std::int64_t> shape = a.sizes().vec();
  shape.back() = b.size(-1);
  at::Tensor out = at::empty(shape, a.options());
  multiply(out, a, b);
  return out;
}

void set_gpu_products(const std::string& precision) {
  gpu_products_in_bf16 = precision == "bf16";
  at::globalContext().setAllowTF32CuBLAS(precision == "tf32");
}

void transpose(const float* in, std::int64_t stride, std::int64_t rows, std::int64_t cols, float* out,
               std::int64_t out_stride) {
  transpose_floats(in, stride, rows, cols, out, out_stride);
}

void kernel(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t a_stride, const float* b,
            std::int64_t b_stride, float* c, std::int64_t c_stride, bool add) {
  at::native::cpublas::brgemm(m, n, k, a_stride, b_stride, c_stride, add, a, b, c, false);
}

bool has_kernels() {
  static const bool has = try_kernel();
  return has;
}

std::string product_library() { return has_kernels() ? "oneDNN" : "BLAS"; }

}  // namespace mtlgrid

#include "trainer/network/self_attention_tiles.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "base/clones.h"
#include "trainer/kernels/products.h"

namespace mtlgrid::tiles {
namespace {

constexpr std::int64_t kRows = 64, kColumns = 512;  // of a tile: 128 KB, three of which fit into the second-level cache
constexpr std::int64_t kPad = 16;                   // rows of a head are padded with zeros to a multiple of this

std::int64_t padded(std::int64_t n) { return (n + kPad - 1) / kPad * kPad; }

// Sizes of one head and its tiles.
struct Shape {
  Shape(std::int64_t tiles_of_bag, std::int64_t d, std::int64_t heads)
      : n(tiles_of_bag),
        rows(padded(n)),
        c(d / heads),
        columns(std::min(kColumns, rows)),
        tiles((rows + columns - 1) / columns) {}
  std::int64_t n, rows;  // real, padded
  std::int64_t c;
  std::int64_t columns, tiles;  // of a tile, and tiles in a row
  std::int64_t row_count(std::int64_t begin) const { return std::min(kRows, rows - begin); }
  std::int64_t column_count(std::int64_t tile) const { return std::min(columns, rows - tile * columns); }
  // How many of `count` rows or columns from `begin` on are real.
  std::int64_t real(std::int64_t begin, std::int64_t count) const {
    return std::clamp<std::int64_t>(n - begin, 0, count);
  }
  std::int64_t head() const { return rows * c; }              // floats of a head's rows
  std::int64_t tiled() const { return tiles * c * columns; }  // floats of their transposed tiles
};

// exp(x) for x <= 0 to 1 unit in the last place or so (Cephes' reduction and polynomial); 0 below the normal numbers.
[[gnu::always_inline]] inline float exp_of(float x) {
  const float shifter = 0x1.8p23f;
  const float z = x * 1.44269504088896341f + shifter;
  const float k = z - shifter;
  const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const std::int32_t bits = (static_cast<std::int32_t>(k < -126 ? -126.0f : k) + 127) << 23;
  const float power = __builtin_bit_cast(float, bits);
  return x < -87.0f ? 0.0f : p * power;  // a NaN stays one
}

MTLGRID_CLONES float largest(const float* s, std::int64_t n) {
  float most = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : most)
  for (std::int64_t j = 0; j < n; ++j) most = s[j] > most ? s[j] : most;
  return most;
}

// s becomes exp(s - most) times mask (where there is one); returns the sum before the mask.
MTLGRID_CLONES float weigh(float* __restrict s, const float* mask, float most, std::int64_t n) {
  float sum = 0;
  if (mask != nullptr) {
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = 0; j < n; ++j) {
      const float p = exp_of(s[j] - most);
      sum += p;
      s[j] = p * mask[j];
    }
  } else {
#pragma omp simd reduction(+ : sum)
    for (std::int64_t j = 0; j < n; ++j) {
      const float p = exp_of(s[j] - most);
      sum += p;
      s[j] = p;
    }
  }
  return sum;
}

MTLGRID_CLONES void scale_row(float* x, float factor, std::int64_t n) {
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) x[j] *= factor;
}

// s becomes exp(s - log_sum): the weights before dropout.
MTLGRID_CLONES void restore(float* s, float log_sum, std::int64_t n) {
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) s[j] = exp_of(s[j] - log_sum);
}

// g, the gradient by the weights, becomes that by the scores: a (m g - along).
MTLGRID_CLONES void through_softmax(float* __restrict g, const float* a, const float* mask, float along,
                                    std::int64_t n) {
  if (mask != nullptr) {
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) g[j] = a[j] * (mask[j] * g[j] - along);
  } else {
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) g[j] = a[j] * (g[j] - along);
  }
}

MTLGRID_CLONES void times(float* __restrict a, const float* b, std::int64_t n) {
#pragma omp simd
  for (std::int64_t j = 0; j < n; ++j) a[j] *= b[j];
}

MTLGRID_CLONES float dot_row(const float* a, const float* b, std::int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < n; ++j) sum += a[j] * b[j];
  return sum;
}

// out = factor (x + shift), a strided row at a time.
MTLGRID_CLONES void copy_rows(const float* x, std::int64_t stride, const float* shift, float factor, std::int64_t rows,
                              std::int64_t c, float* __restrict out, std::int64_t out_stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    const float* from = x + i * stride;
    float* to = out + i * out_stride;
#pragma omp simd
    for (std::int64_t j = 0; j < c; ++j) to[j] = factor * (from[j] + shift[j]);
  }
}

void clear(float* x, std::int64_t n) { std::memset(x, 0, static_cast<std::size_t>(n) * sizeof(float)); }

// Rows [rows, c] into transposed tiles [tiles, c, columns].
void transpose_tiles(const Shape& s, const float* rows, float* tiled) {
  for (std::int64_t t = 0; t < s.tiles; ++t) {
    transpose(rows + t * s.columns * s.c, s.c, s.column_count(t), s.c, tiled + t * s.c * s.columns, s.columns);
  }
}

// Transposed tiles back into strided rows: the n real ones.
void untranspose_tiles(const Shape& s, const float* tiled, float* rows, std::int64_t stride) {
  for (std::int64_t t = 0; t < s.tiles; ++t) {
    const std::int64_t begin = t * s.columns;
    transpose(tiled + t * s.c * s.columns, s.columns, s.c, s.real(begin, s.column_count(t)), rows + begin * stride,
              stride);
  }
}

// One head of one member.
struct Head {
  Head(const AttendSaved& saved, const Shape& s, std::int64_t index)
      : queries(saved.queries.data_ptr<float>() + index * s.head()),
        keys(saved.keys.data_ptr<float>() + index * s.head()),
        values(saved.values.data_ptr<float>() + index * s.head()),
        keys_transposed(saved.keys_transposed.data_ptr<float>() + index * s.tiled()),
        log_sums(saved.log_sums.data_ptr<float>() + index * s.n) {}
  float *queries, *keys, *values, *keys_transposed, *log_sums;
};

void for_heads(std::int64_t count, const std::function<void(std::int64_t)>& body) {
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(i);
  });
}

// The mask of a row's part, made in `buffer`; null without dropout.
const float* mask_part(const AttentionMask& mask, std::int64_t head, std::int64_t row, std::int64_t column,
                       std::span<float> buffer) {
  if (!mask.defined()) return nullptr;
  mask.part(head, row, column, buffer);
  return buffer.data();
}

// Weighted sums of the values for kRows queries from `begin` on, into rows of `out`.
class ForwardRows {
 public:
  ForwardRows(const Shape& s, const Head& head, const AttentionMask& mask, std::int64_t number)
      : s_(s),
        head_(head),
        mask_(mask),
        number_(number),
        scores_(static_cast<std::size_t>(kRows * s.columns)),
        sums_(static_cast<std::size_t>(kRows * s.c)),
        mask_row_(static_cast<std::size_t>(s.columns)) {}

  void run(std::int64_t begin, float* out, std::int64_t stride) {
    const std::int64_t count = s_.row_count(begin), real = s_.real(begin, count);
    std::fill(most_, most_ + kRows, -std::numeric_limits<float>::infinity());
    std::fill(total_, total_ + kRows, 0.0f);
    clear(sums_.data(), kRows * s_.c);
    for (std::int64_t t = 0; t < s_.tiles; ++t) tile(begin, count, real, t);
    for (std::int64_t r = 0; r < real; ++r) {
      head_.log_sums[begin + r] = most_[r] + std::log(total_[r]);
      scale_row(sums_.data() + r * s_.c, 1 / total_[r], s_.c);
      std::copy_n(sums_.data() + r * s_.c, s_.c, out + r * stride);
    }
  }

 private:
  void tile(std::int64_t begin, std::int64_t count, std::int64_t real, std::int64_t t) {
    const std::int64_t columns = s_.column_count(t), first = t * s_.columns, used = s_.real(first, columns);
    kernel(count, columns, s_.c, head_.queries + begin * s_.c, s_.c, head_.keys_transposed + t * s_.c * s_.columns,
           s_.columns, scores_.data(), s_.columns, false);
    for (std::int64_t r = 0; r < real; ++r) {
      float* row = scores_.data() + r * s_.columns;
      const float most = std::max(most_[r], largest(row, used));
      if (t > 0 && most != most_[r]) {
        const float factor = std::exp(most_[r] - most);
        total_[r] *= factor;
        scale_row(sums_.data() + r * s_.c, factor, s_.c);
      }
      most_[r] = most;
      const std::span<float> buffer(mask_row_.data(), static_cast<std::size_t>(used));
      total_[r] += weigh(row, mask_part(mask_, number_, begin + r, first, buffer), most, used);
      clear(row + used, columns - used);
    }
    for (std::int64_t r = real; r < count; ++r) clear(scores_.data() + r * s_.columns, columns);
    kernel(count, s_.c, columns, scores_.data(), s_.columns, head_.values + first * s_.c, s_.c, sums_.data(), s_.c,
           true);
  }

  const Shape& s_;
  const Head& head_;
  const AttentionMask& mask_;
  std::int64_t number_;  // of the head
  std::vector<float> scores_, sums_, mask_row_;
  float most_[kRows], total_[kRows];
};

// Gradients of one head for K tasks. `out` [K][rows, c] is the gradient by the head's output; the gradients by queries
// are rows, those by keys and values transposed tiles, so that no tile of the weights is ever transposed.
class BackwardHead {
 public:
  BackwardHead(const Shape& s, const Head& head, const AttentionMask& mask, std::int64_t number, std::int64_t tasks)
      : s_(s),
        head_(head),
        mask_(mask),
        number_(number),
        tasks_(tasks),
        out(static_cast<std::size_t>(tasks * s.head())),
        queries(out.size()),
        keys(static_cast<std::size_t>(tasks * s.tiled())),
        values(keys.size()),
        along(static_cast<std::size_t>(tasks * s.n)),
        values_transposed_(static_cast<std::size_t>(s.tiled())),
        tiles_(static_cast<std::size_t>((1 + tasks) * kRows * s.columns)),
        queries_transposed_(static_cast<std::size_t>(kRows * s.c)),
        out_transposed_(static_cast<std::size_t>(tasks * kRows * s.c)),
        mask_row_(static_cast<std::size_t>(s.columns)) {}

  void run() {
    transpose_tiles(s_, head_.values, values_transposed_.data());
    for (std::int64_t begin = 0; begin < s_.rows; begin += kRows) {
      const std::int64_t count = s_.row_count(begin);
      transpose(head_.queries + begin * s_.c, s_.c, count, s_.c, queries_transposed_.data(), kRows);
      for (std::int64_t k = 0; k < tasks_; ++k) {
        transpose(out_rows(k, begin), s_.c, count, s_.c, out_transposed_.data() + k * kRows * s_.c, kRows);
      }
      for (std::int64_t t = 0; t < s_.tiles; ++t) tile(begin, count, t);
    }
  }

 private:
  float* tile_of(std::int64_t k) { return tiles_.data() + k * kRows * s_.columns; }
  float* out_rows(std::int64_t k, std::int64_t begin) { return out.data() + k * s_.head() + begin * s_.c; }

  void tile(std::int64_t begin, std::int64_t count, std::int64_t t) {
    const std::int64_t columns = s_.column_count(t), first = t * s_.columns, at = t * s_.c * s_.columns;
    float* weights = tile_of(0);
    kernel(count, columns, s_.c, head_.queries + begin * s_.c, s_.c, head_.keys_transposed + at, s_.columns, weights,
           s_.columns, false);
    for (std::int64_t k = 0; k < tasks_; ++k) {
      kernel(count, columns, s_.c, out_rows(k, begin), s_.c, values_transposed_.data() + at, s_.columns, tile_of(1 + k),
             s_.columns, false);
    }
    score_gradients(begin, count, first, columns);
    for (std::int64_t k = 0; k < tasks_; ++k) {
      const float* g = tile_of(1 + k);
      float* transposed = out_transposed_.data() + k * kRows * s_.c;
      kernel(count, s_.c, columns, g, s_.columns, head_.keys + first * s_.c, s_.c,
             queries.data() + k * s_.head() + begin * s_.c, s_.c, t > 0);
      kernel(s_.c, columns, count, queries_transposed_.data(), kRows, g, s_.columns, keys.data() + k * s_.tiled() + at,
             s_.columns, begin > 0);
      kernel(s_.c, columns, count, transposed, kRows, weights, s_.columns, values.data() + k * s_.tiled() + at,
             s_.columns, begin > 0);
    }
  }

  // Scores become weights after dropout; gradients by weights those by scores; padding becomes 0.
  void score_gradients(std::int64_t begin, std::int64_t count, std::int64_t first, std::int64_t columns) {
    const std::int64_t real = s_.real(begin, count), used = s_.real(first, columns);
    for (std::int64_t r = 0; r < real; ++r) {
      const std::span<float> buffer(mask_row_.data(), static_cast<std::size_t>(used));
      const float* mask = mask_part(mask_, number_, begin + r, first, buffer);
      float* row = tile_of(0) + r * s_.columns;
      restore(row, head_.log_sums[begin + r], used);
      for (std::int64_t k = 0; k < tasks_; ++k) {
        float* g = tile_of(1 + k) + r * s_.columns;
        through_softmax(g, row, mask, along[static_cast<std::size_t>(k * s_.n + begin + r)], used);
        clear(g + used, columns - used);
      }
      if (mask != nullptr) times(row, mask, used);
      clear(row + used, columns - used);
    }
    for (std::int64_t k = 0; k <= tasks_; ++k) {
      for (std::int64_t r = real; r < count; ++r) clear(tile_of(k) + r * s_.columns, columns);
    }
  }

  const Shape& s_;
  const Head& head_;
  const AttentionMask& mask_;
  std::int64_t number_, tasks_;

 public:
  std::vector<float> out, queries;  // [K][rows, c]
  std::vector<float> keys, values;  // [K][tiles, c, columns]
  std::vector<float> along;         // [K][n]: row sums of weights times their gradients, which is output . out

 private:
  std::vector<float> values_transposed_, tiles_, queries_transposed_, out_transposed_, mask_row_;
};

}  // namespace

at::Tensor attend(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads, const AttentionMask& mask,
                  AttendSaved& saved) {
  const std::int64_t members = qkv.size(0), n = qkv.size(1), d = qkv.size(2) / 3;
  const Shape s(n, d, heads);
  saved.mask = mask;
  saved.queries = at::zeros({members * heads, s.rows, s.c}, qkv.options());
  saved.keys = at::zeros({members * heads, s.rows, s.c}, qkv.options());
  saved.values = at::zeros({members * heads, s.rows, s.c}, qkv.options());
  saved.keys_transposed = at::empty({members * heads, s.tiles, s.c, s.columns}, qkv.options());
  saved.log_sums = at::empty({members * heads, n}, qkv.options());
  saved.merged = at::empty({members, n, d}, qkv.options());
  for_heads(members * heads, [&](std::int64_t index) {
    const std::int64_t f = index / heads, h = index % heads;
    const Head head(saved, s, index);
    const float* from = qkv.const_data_ptr<float>() + f * n * 3 * d + h * s.c;
    const float* shift = bias.const_data_ptr<float>() + f * bias.stride(0) + h * s.c;
    copy_rows(from, 3 * d, shift, static_cast<float>(1 / std::sqrt(static_cast<double>(s.c))), n, s.c, head.queries,
              s.c);
    copy_rows(from + d, 3 * d, shift + d, 1, n, s.c, head.keys, s.c);
    copy_rows(from + 2 * d, 3 * d, shift + 2 * d, 1, n, s.c, head.values, s.c);
    transpose_tiles(s, head.keys, head.keys_transposed);
    ForwardRows rows(s, head, mask, h);
    float* out = saved.merged.data_ptr<float>() + f * n * d + h * s.c;
    for (std::int64_t begin = 0; begin < n; begin += kRows) rows.run(begin, out + begin * d, d);
  });
  return saved.merged;
}

at::Tensor attend_backward(const AttendSaved& saved, const at::Tensor& g) {
  const std::int64_t members = g.size(0), n = saved.merged.size(1), d = g.size(2), tasks = g.size(1) / n;
  const std::int64_t heads = saved.queries.size(0) / members;
  const Shape s(n, d, heads);
  const at::Tensor stacked = at::empty({members, tasks, n, 3 * d}, g.options());
  const std::vector<float> none(static_cast<std::size_t>(s.c), 0.0f);
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(s.c)));
  for_heads(members * heads, [&](std::int64_t index) {
    const std::int64_t f = index / heads, h = index % heads;
    const Head head(saved, s, index);
    BackwardHead backward(s, head, saved.mask, h, tasks);
    const float* merged = saved.merged.const_data_ptr<float>() + f * n * d + h * s.c;
    for (std::int64_t k = 0; k < tasks; ++k) {
      const float* from = g.const_data_ptr<float>() + (f * tasks + k) * n * d + h * s.c;
      copy_rows(from, d, none.data(), 1, n, s.c, backward.out.data() + k * s.head(), s.c);
      for (std::int64_t i = 0; i < n; ++i) {
        backward.along[static_cast<std::size_t>(k * n + i)] = dot_row(from + i * d, merged + i * d, s.c);
      }
    }
    backward.run();
    for (std::int64_t k = 0; k < tasks; ++k) {
      float* to = stacked.data_ptr<float>() + (f * tasks + k) * n * 3 * d + h * s.c;
      copy_rows(backward.queries.data() + k * s.head(), s.c, none.data(), scale, n, s.c, to, 3 * d);
      untranspose_tiles(s, backward.keys.data() + k * s.tiled(), to + d, 3 * d);
      untranspose_tiles(s, backward.values.data() + k * s.tiled(), to + 2 * d, 3 * d);
    }
  });
  return stacked.view({members, tasks * n, 3 * d});
}

}  // namespace mtlgrid::tiles

// The trainer's own kernels for NVIDIA GPUs, compiled at run time for the current GPU (gpu_program.h), once with `Real` as
// float and once as double. Their contracts are in gpu_kernels.h, where they are called; the loops for the CPU are in
// base/philox.cpp, rows.cpp, self_attention_tiles.cpp and updates.cpp. Arrays are contiguous; sums are formed in one order
// at any load, so a result is the same every time.

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

// THREADS, MAXIMUM_KEYS, MAXIMUM_MEMBERS: defined by the caller of the compiler, which launches with them (gpu_program.h).
constexpr int kThreads = THREADS;
constexpr int kWarps = kThreads / 32;
constexpr u32 kLanes = 16, kGroup = 64;  // Philox blocks and numbers of a group (philox.h)
struct Keys {
  u64 key[MAXIMUM_KEYS];
};
// A recorded launch draws other numbers each time: `table` is then not null, and `key` is the key's index in it.
__device__ inline u64 key_of(u64 key, const u64* table) { return table ? table[key] : key; }

__device__ inline Real infinity() { return __int_as_float(0x7f800000); }

__device__ inline uint4 philox(u64 key, u64 counter) {
  u32 c0 = (u32)counter, c1 = (u32)(counter >> 32), c2 = 0, c3 = 0, k0 = (u32)key, k1 = (u32)(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const u32 a = c0 * 0xD2511F53u, high_a = __umulhi(c0, 0xD2511F53u);
    const u32 b = c2 * 0xCD9E8D57u, high_b = __umulhi(c2, 0xCD9E8D57u);
    c0 = high_b ^ c1 ^ k0;
    c2 = high_a ^ c3 ^ k1;
    c1 = b;
    c3 = a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return make_uint4(c0, c1, c2, c3);
}

// Calls f(element, word) for the four numbers of Philox block `block`.
template <typename F>
__device__ inline void for_words(u64 key, u64 block, const F& f) {
  const uint4 word = philox(key, block);
  const u64 element = block / kLanes * kGroup + block % kLanes;
  f(element, word.x);
  f(element + kLanes, word.y);
  f(element + 2 * kLanes, word.z);
  f(element + 3 * kLanes, word.w);
}

// Row y of `out` [rows, n]: elements first + y * stride, ... of the fill with key y % keys.
extern "C" __global__ void fill_dropout(Real* out, i64 n, Keys keys, int key_count, const u64* table, u64 first,
                                        u64 stride, u32 threshold, Real kept) {
  const u64 begin = first + blockIdx.y * stride;
  Real* row = out + blockIdx.y * n;
  const u64 block = begin / kGroup * kLanes + (u64)blockIdx.x * kThreads + threadIdx.x;
  for_words(key_of(keys.key[blockIdx.y % key_count], table), block, [&](u64 element, u32 word) {
    if (element >= begin && element < begin + n) row[element - begin] = word < threshold ? Real(0) : kept;
  });
}

extern "C" __global__ void fill_uniform(float* out, i64 n, u64 key) {
  for_words(key, (u64)blockIdx.x * kThreads + threadIdx.x, [&](u64 element, u32 word) {
    if (element < n) out[element] = (float)(word >> 8) * 5.9604644775390625e-8f;  // 2^-24
  });
}

// Sum, or maximum, of a block's threads, in every thread.
template <typename Combine>
__device__ inline Real of_block(Real x, Real neutral, const Combine& combine) {
  __shared__ Real warps[kWarps];
  for (int offset = 16; offset > 0; offset /= 2) x = combine(x, __shfl_xor_sync(0xffffffffu, x, offset));
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = x;
  __syncthreads();
  x = neutral;
  for (int w = 0; w < kWarps; ++w) x = combine(x, warps[w]);
  __syncthreads();
  return x;
}
__device__ inline Real block_sum(Real x) {
  return of_block(x, Real(0), [](Real a, Real b) { return a + b; });
}

// One block a row. scores [S, count, n] become softmax; `weights` (may be scores) become softmax times the dropout mask
// whose element of row i and head s % heads is (head * n + begin + i) * n + column. threshold 0: no dropout.
// Thread t has the numbers of Philox blocks t, t + 256, ... that are in the row. With kTimes > 0 these are at most kTimes
// blocks and are kept in registers, so that the row is read once.
struct WeightsRow {
  Real *row, *dropped;
  i64 n;
  u64 key, first, from;  // elements first, first + 1, ...; the Philox block of this thread's first numbers
  u32 threshold;
  Real kept;
  // The column of number w of block `block`; outside [0, n) beyond the row.
  __device__ i64 column(u64 block, int w) const {
    return (i64)(block / kLanes * kGroup + block % kLanes + w * kLanes) - (i64)first;
  }
  __device__ bool has(u64 block) const { return block / kLanes * kGroup < first + n; }
};

template <int kTimes>
__device__ void weights_in_registers(const WeightsRow& r) {
  Real v[4 * kTimes];
  Real most = -infinity();
#pragma unroll
  for (int t = 0; t < kTimes; ++t) {
#pragma unroll
    for (int w = 0; w < 4; ++w) {
      const i64 j = r.column(r.from + t * kThreads, w);
      v[4 * t + w] = j >= 0 && j < r.n ? r.row[j] : -infinity();
      most = v[4 * t + w] > most || v[4 * t + w] != v[4 * t + w] ? v[4 * t + w] : most;
    }
  }
  most = of_block(most, most, [](Real a, Real b) { return a > b || a != a ? a : b; });
  Real sum = 0;
#pragma unroll
  for (int i = 0; i < 4 * kTimes; ++i) {
    v[i] = exp(v[i] - most);
    sum += v[i];
  }
  const Real scale = 1 / block_sum(sum);
#pragma unroll
  for (int t = 0; t < kTimes; ++t) {
    const u64 block = r.from + t * kThreads;
    if (!r.has(block)) continue;
    const uint4 words = r.threshold ? philox(r.key, block) : make_uint4(0, 0, 0, 0);
    const u32 word[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
    for (int w = 0; w < 4; ++w) {
      const i64 j = r.column(block, w);
      if (j < 0 || j >= r.n) continue;
      const Real p = v[4 * t + w] * scale;
      r.row[j] = p;
      if (r.threshold) r.dropped[j] = word[w] < r.threshold ? Real(0) : p * r.kept;
    }
  }
}

// Of rows too long for registers: read three times.
__device__ void weights_of_long_row(const WeightsRow& r) {
  Real most = -infinity();
  for (i64 j = threadIdx.x; j < r.n; j += kThreads) most = r.row[j] > most || r.row[j] != r.row[j] ? r.row[j] : most;
  most = of_block(most, most, [](Real a, Real b) { return a > b || a != a ? a : b; });
  Real sum = 0;
  for (i64 j = threadIdx.x; j < r.n; j += kThreads) sum += exp(r.row[j] - most);
  const Real scale = 1 / block_sum(sum);
  for (u64 block = r.from; r.has(block); block += kThreads) {
    const uint4 words = r.threshold ? philox(r.key, block) : make_uint4(0, 0, 0, 0);
    const u32 word[4] = {words.x, words.y, words.z, words.w};
    for (int w = 0; w < 4; ++w) {
      const i64 j = r.column(block, w);
      if (j < 0 || j >= r.n) continue;
      const Real p = exp(r.row[j] - most) * scale;
      r.row[j] = p;
      if (r.threshold) r.dropped[j] = word[w] < r.threshold ? Real(0) : p * r.kept;
    }
  }
}

__device__ inline WeightsRow weights_row(Real* scores, Real* weights, i64 count, i64 n, int heads, i64 begin, u64 key,
                                         const u64* table, u32 threshold, Real kept) {
  const i64 row = blockIdx.x;
  const u64 head = row / count % heads, first = (head * n + begin + row % count) * n;
  return {scores + row * n, weights + row * n, n, threshold ? key_of(key, table) : 0, first,
          first / kGroup * kLanes + threadIdx.x, threshold, kept};
}

// One block a row of g [S, tasks, count, n]: from the gradient by the dropped weights to that by the scores.
template <int kTimes>
__device__ void weights_backward(Real* g, const Real* probabilities, const Real* weights, i64 tasks, i64 count,
                                 i64 n) {
  const i64 forward = (blockIdx.x / (tasks * count) * count + blockIdx.x % count) * n;
  Real* row = g + blockIdx.x * n;
  const Real *p = probabilities + forward, *w = weights + forward;
  Real sum = 0;
  if constexpr (kTimes > 0) {
    Real v[4 * kTimes];
#pragma unroll
    for (int t = 0; t < 4 * kTimes; ++t) {
      const i64 j = threadIdx.x + t * kThreads;
      v[t] = j < n ? row[j] * w[j] : Real(0);
      sum += v[t];
    }
    sum = block_sum(sum);
#pragma unroll
    for (int t = 0; t < 4 * kTimes; ++t) {
      const i64 j = threadIdx.x + t * kThreads;
      if (j < n) row[j] = v[t] - p[j] * sum;
    }
  } else {
    for (i64 j = threadIdx.x; j < n; j += kThreads) sum += row[j] * w[j];
    sum = block_sum(sum);
    for (i64 j = threadIdx.x; j < n; j += kThreads) row[j] = row[j] * w[j] - p[j] * sum;
  }
}

#define WEIGHTS(NAME, TIMES, CALL)                                                                              \
  extern "C" __global__ void attention_weights_##NAME(Real* scores, Real* weights, i64 count, i64 n, int heads, \
                                                      i64 begin, u64 key, const u64* table, u32 threshold,      \
                                                      Real kept) {                                              \
    CALL(weights_row(scores, weights, count, n, heads, begin, key, table, threshold, kept));                    \
  }                                                                                                             \
  extern "C" __global__ void attention_weights_backward_##NAME(Real* g, const Real* probabilities,              \
                                                               const Real* weights, i64 tasks, i64 count,       \
                                                               i64 n) {                                         \
    weights_backward<TIMES>(g, probabilities, weights, tasks, count, n);                                        \
  }
WEIGHTS(1, 1, weights_in_registers<1>)
WEIGHTS(2, 2, weights_in_registers<2>)
WEIGHTS(4, 4, weights_in_registers<4>)
WEIGHTS(8, 8, weights_in_registers<8>)
WEIGHTS(long, 0, weights_of_long_row)

// A number a thread; out [3, F H, n, c] of qkv [F, n, 3, H, c].
extern "C" __global__ void split_heads(const Real* qkv, const Real* bias, i64 bias_stride, Real* out, Real scale,
                                       i64 members, i64 heads, i64 n, i64 c) {
  const i64 at = (i64)blockIdx.x * kThreads + threadIdx.x, k = at % c, i = at / c % n, h = at / (c * n) % heads;
  const i64 f = at / (c * n * heads) % members, third = at / (c * n * heads * members);
  if (third >= 3) return;
  const i64 column = (third * heads + h) * c + k;
  const Real x = qkv[(f * n + i) * 3 * heads * c + column] + bias[f * bias_stride + column];
  out[at] = third == 0 ? x * scale : x;
}

// A number a thread; out [F, K, n, T, H, c] of x [T, F H, K, n, c].
extern "C" __global__ void merge_heads(const Real* x, Real* out, i64 thirds, i64 members, i64 heads, i64 tasks, i64 n,
                                       i64 c) {
  const i64 at = (i64)blockIdx.x * kThreads + threadIdx.x, k = at % c, h = at / c % heads;
  const i64 third = at / (c * heads) % thirds, rest = at / (c * heads * thirds), i = rest % n, task = rest / n % tasks;
  const i64 f = rest / (n * tasks);
  if (f >= members) return;
  out[at] = x[(((third * members + f) * heads + h) * tasks + task) * n * c + i * c + k];
}

// y [F, n, d]; `row` numbers of n d. A parameter's rows of members are `bias_stride` apart.
extern "C" __global__ void bias_relu_drop(Real* y, const Real* bias, i64 bias_stride, const Real* mask, i64 row,
                                          i64 d, i64 total) {
  const i64 at = (i64)blockIdx.x * kThreads + threadIdx.x;
  if (at >= total) return;
  const Real x = y[at] + bias[at / row * bias_stride + at % d];
  y[at] = x > 0 ? (mask ? x * mask[at % row] : x) : (x != x ? x : Real(0));  // NaN stays
}

extern "C" __global__ void bias_relu_drop_backward(Real* g, const Real* y, Real kept, i64 tasks, i64 row, i64 total) {
  const i64 at = (i64)blockIdx.x * kThreads + threadIdx.x;
  if (at >= total) return;
  g[at] = y[at / (row * tasks) * row + at % row] > 0 ? g[at] * kept : Real(0);
}

// A warp a row of [F, n, d].
extern "C" __global__ void add_drop_norm(const Real* x, Real* y, const Real* bias, i64 bias_stride, const Real* mask,
                                         const Real* weight, i64 weight_stride, const Real* shift, i64 shift_stride,
                                         Real* out, Real* rstd, i64 n, i64 d, i64 rows) {
  const i64 r = (i64)blockIdx.x * kWarps + threadIdx.x / 32, lane = threadIdx.x % 32, f = r / n;
  if (r >= rows) return;
  const auto sum_of = [](Real v) {
    for (int offset = 16; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
    return v;
  };
  Real sum = 0;
  for (i64 j = lane; j < d; j += 32) {
    Real v = y[r * d + j] + bias[f * bias_stride + j];
    if (mask) v *= mask[r % n * d + j];
    v += x[r * d + j];
    y[r * d + j] = v;
    sum += v;
  }
  const Real mean = sum_of(sum) / d;
  sum = 0;
  for (i64 j = lane; j < d; j += 32) {
    const Real v = y[r * d + j] - mean;
    sum += v * v;
  }
  const Real inverse = 1 / sqrt(sum_of(sum) / d + Real(1e-5));
  for (i64 j = lane; j < d; j += 32) {
    const Real v = (y[r * d + j] - mean) * inverse;
    y[r * d + j] = v;
    out[r * d + j] = v * weight[f * weight_stride + j] + shift[f * shift_stride + j];
  }
  if (lane == 0) rstd[r] = inverse;
}

// A warp a row of g [F, K, n, d]; by_y may be by_x, where there is no mask.
extern "C" __global__ void add_drop_norm_backward(const Real* g, const Real* normalised, const Real* rstd,
                                                  const Real* weight, i64 weight_stride, const Real* mask, Real* by_x,
                                                  Real* by_y, i64 tasks, i64 n, i64 d, i64 rows) {
  const i64 r = (i64)blockIdx.x * kWarps + threadIdx.x / 32, lane = threadIdx.x % 32, f = r / (n * tasks);
  if (r >= rows) return;
  const i64 forward = f * n + r % n;
  const Real* s = normalised + forward * d;
  Real sum = 0, along = 0;
  for (i64 j = lane; j < d; j += 32) {
    const Real h = g[r * d + j] * weight[f * weight_stride + j];
    sum += h;
    along += h * s[j];
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    sum += __shfl_xor_sync(0xffffffffu, sum, offset);
    along += __shfl_xor_sync(0xffffffffu, along, offset);
  }
  sum /= d;
  along /= d;
  for (i64 j = lane; j < d; j += 32) {
    const Real v = (g[r * d + j] * weight[f * weight_stride + j] - sum - s[j] * along) * rstd[forward];
    by_x[r * d + j] = v;
    if (mask) by_y[r * d + j] = v * mask[r % n * d + j];
  }
}

// Sums of columns of g [R, n, d] in parts of `rows` rows: partial [parts, R, d]. With `factor` [R / tasks, n, d] of
// products. Block (32 columns, R, part), 8 rows of threads.
extern "C" __global__ void column_sums(const Real* g, const Real* factor, i64 tasks, Real* partial, i64 out_stride,
                                       i64 part_stride, i64 rows, i64 n, i64 d) {
  __shared__ Real sums[8][33];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const i64 j = (i64)blockIdx.x * 32 + lane, r = blockIdx.y, begin = blockIdx.z * rows;
  const i64 end = begin + rows < n ? begin + rows : n;
  Real sum = 0;
  if (j < d) {
    for (i64 i = begin + warp; i < end; i += 8) {
      const Real v = g[(r * n + i) * d + j];
      sum += factor ? v * factor[(r / tasks * n + i) * d + j] : v;
    }
  }
  sums[warp][lane] = sum;
  __syncthreads();
  if (warp == 0 && j < d) {
    for (int w = 1; w < 8; ++w) sum += sums[w][lane];
    partial[blockIdx.z * part_stride + r * out_stride + j] = sum;
  }
}

// out[r * out_stride + j] = sum over parts of partial [parts, R, d].
extern "C" __global__ void add_parts(const Real* partial, i64 parts, Real* out, i64 out_stride, i64 d, i64 total) {
  const i64 at = (i64)blockIdx.x * kThreads + threadIdx.x;
  if (at >= total) return;
  Real sum = 0;
  for (i64 p = 0; p < parts; ++p) sum += partial[p * total + at];
  out[at / d * out_stride + at % d] = sum;
}

// Of each member of a stack: the gradient ca a + cb b; b may be null. As the host lays it out.
struct Sums {
  const Real *a[MAXIMUM_MEMBERS], *b[MAXIMUM_MEMBERS];
  Real ca[MAXIMUM_MEMBERS], cb[MAXIMUM_MEMBERS];
};
__device__ inline Real gradient(const Sums& s, int member, i64 i) {
  const Real first = s.ca[member] * s.a[member][i];
  return s.b[member] ? first + s.cb[member] * s.b[member][i] : first;
}

// not_finite[member] becomes 1 if some of its gradient is not. Block (part, member).
extern "C" __global__ void find_not_finite(Sums sums, i64 n, int* not_finite) {
  const i64 i = (i64)blockIdx.x * kThreads + threadIdx.x;
  const int member = blockIdx.y;
  if (i < n && !not_finite[member] && !(gradient(sums, member, i) * 0 == 0)) not_finite[member] = 1;
}

// updates.h, of every member that is not marked in not_finite; rows of p, m and v are `stride` apart.
extern "C" __global__ void adamw(Real* p, Real* m, Real* v, i64 stride, Sums sums, Real decay, Real one_minus_beta1,
                                 Real beta2, Real one_minus_beta2, Real inverse_root, Real eps, Real step_size, i64 n,
                                 const int* not_finite) {
  const i64 i = (i64)blockIdx.x * kThreads + threadIdx.x;
  const int member = blockIdx.y;
  if (i >= n || not_finite[member]) return;
  const i64 at = member * stride + i;
  const Real g = gradient(sums, member, i);
  const Real first = m[at] + (g - m[at]) * one_minus_beta1, second = v[at] * beta2 + one_minus_beta2 * g * g;
  m[at] = first;
  v[at] = second;
  p[at] = p[at] * decay - step_size * first / (sqrt(second) * inverse_root + eps);
}

// out = parameter * keep - ca a - cb b (b may be null).
extern "C" __global__ void linear_step(Real* out, const Real* parameter, Real keep, const Real* a, Real ca,
                                       const Real* b, Real cb, i64 n) {
  const i64 i = (i64)blockIdx.x * kThreads + threadIdx.x;
  if (i < n) out[i] = parameter[i] * keep - (b ? ca * a[i] + cb * b[i] : ca * a[i]);
}

// Sums of products of rows of a [F, rows, n] and b [F, cols, n] in double, `part` columns a block: out [parts, F * rows *
// cols]. Block (part, sum).
extern "C" __global__ void inner_products(const Real* a, const Real* b, int rows, int cols, i64 n, i64 part,
                                          double* out) {
  __shared__ double sums[kThreads];
  const i64 member = blockIdx.y / (rows * cols), row = blockIdx.y / cols % rows, col = blockIdx.y % cols;
  const Real *x = a + (member * rows + row) * n, *y = b + (member * cols + col) * n;
  const i64 begin = blockIdx.x * part, end = begin + part < n ? begin + part : n;
  double sum = 0;
  for (i64 i = begin + threadIdx.x; i < end; i += kThreads) sum += (double)x[i] * (double)y[i];
  sums[threadIdx.x] = sum;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x * gridDim.y + blockIdx.y] = sums[0];
}

// Chen et al. 2020, algorithm 1 with the leak parameter 0. P = (1 + sum_k G_k / sum_k |G_k|) / 2; positive entries are
// kept where P > U, negative ones where P < U. Departure under `epsilons` (the released code): + 1e-8 in the
// denominator. The released code's mean over tasks is multiplied by K afterwards: a sum, as here.
#include "balancers/aggregations/graddrop.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "balancers/aggregations/gradients.h"
#include "base/clones.h"

namespace mtlgrid {
namespace {

// Any device and type: some 15 passes over [P].
at::Tensor drop_anywhere(const at::Tensor& gradients, const at::Tensor& uniform, double epsilon) {
  const at::Tensor positive = gradients.clamp_min(0).sum(0);
  const at::Tensor negative = gradients.clamp_max(0).sum(0);
  const at::Tensor total = positive - negative;  // sum_k |G_k|
  require_finite_gradients(gradients, total);
  // All zero: 0/0 is NaN, both comparisons are false and nothing is kept: 0, as decided.
  const at::Tensor p = (positive + negative).div_(total + epsilon).add_(1).mul_(0.5);
  const at::Tensor none = at::zeros_like(positive);
  return at::where(p.gt(uniform), positive, at::where(p.lt(uniform), negative, none));
}

constexpr std::int64_t kBlock = 1024;  // columns whose sums stay in the L1 cache

// The same on `count` <= kBlock columns in one pass, out of a row-major [K, P]: `row` is P. Whether all were finite.
template <typename T>
[[gnu::always_inline]] inline bool drop_any(const T* gradients, std::int64_t tasks, std::int64_t row, const T* uniform,
                                            std::int64_t count, T epsilon, T* out) {
  using Flag = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;  // as wide as T, for vector code
  std::array<T, kBlock> positive{}, negative{};
  for (std::int64_t k = 0; k < tasks; ++k) {
    const T* g = gradients + k * row;
    for (std::int64_t j = 0; j < count; ++j) {
      const T up = g[j] > 0 ? g[j] : T{0};
      positive[j] += up;
      negative[j] += g[j] - up;  // the entry or 0, exactly; NaN for one that is not finite
    }
  }
  Flag bad = 0;
  for (std::int64_t j = 0; j < count; ++j) {
    const T total = positive[j] - negative[j];
    const T p = T(0.5) * (1 + (positive[j] + negative[j]) / (total + epsilon));
    const T up = p > uniform[j] ? positive[j] : T{0};
    const T down = p < uniform[j] ? negative[j] : T{0};
    out[j] = up + down;
    bad |= total <= std::numeric_limits<T>::max() ? Flag{0} : Flag{1};
  }
  return !bad;
}

// Templates cannot be cloned, hence one function each.
MTLGRID_CLONES bool drop_block(const float* gradients, std::int64_t tasks, std::int64_t row, const float* uniform,
                               std::int64_t count, float epsilon, float* out) {
  return drop_any(gradients, tasks, row, uniform, count, epsilon, out);
}
MTLGRID_CLONES bool drop_block(const double* gradients, std::int64_t tasks, std::int64_t row, const double* uniform,
                               std::int64_t count, double epsilon, double* out) {
  return drop_any(gradients, tasks, row, uniform, count, epsilon, out);
}

template <typename T>
at::Tensor drop_on_cpu(const at::Tensor& gradients, const at::Tensor& uniform, double epsilon) {
  const std::int64_t tasks = gradients.size(0), columns = gradients.size(1);
  const at::Tensor numbers = uniform.to(gradients.scalar_type()).contiguous();
  at::Tensor out = at::empty({columns}, gradients.options());
  const T* g = gradients.const_data_ptr<T>();
  const T* u = numbers.const_data_ptr<T>();
  T* result = out.mutable_data_ptr<T>();
  std::atomic<bool> finite = true;
  at::parallel_for(0, columns, 64 * kBlock, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t j = begin; j < end; j += kBlock) {
      const std::int64_t count = std::min(kBlock, end - j);
      if (!drop_block(g + j, tasks, columns, u + j, count, static_cast<T>(epsilon), result + j)) finite = false;
    }
  });
  if (!finite) require_finite_gradients(gradients, gradients.abs().sum(0));
  return out;
}

}  // namespace

at::Tensor graddrop(const at::Tensor& gradients, const at::Tensor& uniform, const Protocol& protocol) {
  require_gradients(gradients);
  if (uniform.dim() != 1 || uniform.size(0) != gradients.size(1)) {
    throw std::invalid_argument("graddrop: one uniform number a coordinate is needed");
  }
  const double epsilon = protocol.epsilons ? 1e-8 : 0;
  const bool plain = gradients.is_cpu() && gradients.is_contiguous() && uniform.is_cpu();
  if (plain && gradients.scalar_type() == at::kFloat) return drop_on_cpu<float>(gradients, uniform, epsilon);
  if (plain && gradients.scalar_type() == at::kDouble) return drop_on_cpu<double>(gradients, uniform, epsilon);
  return drop_anywhere(gradients, uniform, epsilon);
}

Aggregated GradDrop::aggregate(TaskGradients& gradients) {
  return {{}, graddrop(gradients.rows(), gradients.uniform(), protocol_)};
}

}  // namespace mtlgrid

// Checks and passes that aggregations share on long task gradients, [K, P].
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace at {
class Tensor;
}

namespace mtlgrid {

// Throws std::invalid_argument unless `gradients` is a floating-point [K, P] with K > 0.
void require_gradients(const at::Tensor& gradients);

// Throws std::domain_error naming the first task with an entry that is not finite, if `total` [P], a sum over all of
// `gradients` [K, P], has one (also by overflow of that sum). Costs one pass over [P] where all is well.
void require_finite_gradients(const at::Tensor& gradients, const at::Tensor& total);

// Calls `visit(start, count)` for consecutive ranges of columns of `gradients` [K, P], each small enough for its
// double copy to stay in a core's L2 cache, or large enough to keep a GPU busy. The ranges depend on the device alone,
// so results do not depend on anything else.
void for_column_chunks(const at::Tensor& gradients, const std::function<void(std::int64_t, std::int64_t)>& visit);

// g = sum_k c_k g_k, [P] in the dtype of `gradients` [K, P]. Products and sums in double: coefficients of 1e15 on
// gradients of 1e-15 lose nothing and cannot overflow on the way.
at::Tensor combine(const at::Tensor& gradients, const std::vector<double>& coefficients);

}  // namespace mtlgrid

// Passes go through the columns in chunks: a double copy of [K, P] would cost as much again as all task gradients.
#include "balancers/aggregations/gradients.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace mtlgrid {

void require_gradients(const at::Tensor& gradients) {
  if (gradients.dim() != 2 || gradients.size(0) < 1 || !gradients.is_floating_point()) {
    throw std::invalid_argument("task gradients must be a floating-point tensor [K, P] with K > 0");
  }
}

void require_finite_gradients(const at::Tensor& gradients, const at::Tensor& total) {
  if (at::isfinite(total).all().item<bool>()) return;
  for (std::int64_t k = 0; k < gradients.size(0); ++k) {
    if (at::isfinite(gradients.select(0, k)).all().item<bool>()) continue;
    throw std::domain_error("gradient of task " + std::to_string(k) + " is not finite");
  }
  throw std::domain_error("the sum of the task gradients is not finite, though each of them is");
}

void for_column_chunks(const at::Tensor& gradients, const std::function<void(std::int64_t, std::int64_t)>& visit) {
  const std::int64_t columns = gradients.size(1);
  const std::int64_t step = gradients.is_cpu() ? std::int64_t{1} << 15 : std::int64_t{1} << 22;
  for (std::int64_t start = 0; start < columns; start += step) visit(start, std::min(step, columns - start));
}

at::Tensor combine(const at::Tensor& gradients, const std::vector<double>& coefficients) {
  require_gradients(gradients);
  if (coefficients.size() != static_cast<std::size_t>(gradients.size(0))) {
    throw std::invalid_argument("one coefficient a task is needed");
  }
  const at::Tensor row = at::tensor(coefficients, at::kDouble).to(gradients.device()).unsqueeze(0);  // [1, K]
  at::Tensor out = at::empty({gradients.size(1)}, gradients.options());
  for_column_chunks(gradients, [&](std::int64_t start, std::int64_t count) {
    out.narrow(0, start, count).copy_(at::mm(row, gradients.narrow(1, start, count).to(at::kDouble)).squeeze(0));
  });
  return out;
}

}  // namespace mtlgrid

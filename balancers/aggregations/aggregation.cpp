#include "balancers/aggregations/aggregation.h"

#include <ATen/core/Tensor.h>

#include <stdexcept>
#include <string>

#include "balancers/aggregations/gram.h"

namespace mtlgrid {
namespace {

// Two tasks leave no choice of order.
std::vector<std::vector<int>> projection_order(int tasks, const AggregationInputs& inputs) {
  if (tasks == 1) return {{}};
  if (tasks == 2) return {{1}, {0}};
  return inputs.order();
}

}  // namespace

std::vector<double> sum_coefficients(int tasks) { return std::vector<double>(static_cast<std::size_t>(tasks), 1.0); }

at::Tensor aggregate(Aggregation kind, const at::Tensor& gradients, const AggregationInputs& inputs,
                     const Protocol& protocol) {
  require_gradients(gradients);
  const int tasks = static_cast<int>(gradients.size(0));
  switch (kind) {
    case Aggregation::none: {
      at::Tensor sum = gradients.sum(0);
      require_finite_gradients(gradients, sum);
      return sum;
    }
    case Aggregation::graddrop:
      return graddrop(gradients, inputs.uniform(), protocol);
    case Aggregation::pcgrad: {
      const auto order = projection_order(tasks, inputs);
      return combine(gradients, pcgrad_coefficients(gram_matrix(gradients), order, protocol));
    }
    case Aggregation::cagrad:
      return combine(gradients, cagrad_coefficients(gram_matrix(gradients), kCagradC, protocol));
  }
  throw std::invalid_argument("unknown gradient aggregation");
}

}  // namespace mtlgrid

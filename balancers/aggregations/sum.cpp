#include "balancers/aggregations/sum.h"

#include <cstddef>

namespace mtlgrid {

std::vector<double> sum_coefficients(int tasks) { return std::vector<double>(static_cast<std::size_t>(tasks), 1.0); }

Aggregated Sum::aggregate(TaskGradients& gradients) { return {sum_coefficients(gradients.tasks()), {}}; }

}  // namespace mtlgrid

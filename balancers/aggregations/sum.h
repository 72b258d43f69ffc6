// No aggregation: the plain sum of the task gradients.
#pragma once

#include <vector>

#include "balancers/aggregations/aggregator.h"

namespace mtlgrid {

// `none`: g = sum_k g_k. Needs no gradient by itself.
class Sum : public Aggregator {
 public:
  Aggregated aggregate(TaskGradients& gradients) override;
};

std::vector<double> sum_coefficients(int tasks);

}  // namespace mtlgrid

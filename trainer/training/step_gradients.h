// What a training step gives an aggregation of one member: the gradients of its weighted losses.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "balancers/aggregations/aggregator.h"
#include "balancers/methods/registry.h"
#include "base/random.h"
#include "trainer/kernels/updates.h"
#include "trainer/training/gradient_rows.h"

namespace mtlgrid {

// Weights are applied as late as possible: to M instead of the long rows, and to the coefficients of the result. Rows
// are weighted, in place, only for an aggregation that asks for them.
class StepGradients : public TaskGradients {
 public:
  // `buffers` hold the gradients of the unweighted losses, a row a task; `products` their Gram matrix, empty if the
  // aggregation's row does not ask for it; `stream` is the aggregation's at this step. All must outlive this.
  StepGradients(const GradientRows& buffers, std::size_t member, const std::vector<double>& weights,
                const std::vector<double>& products, AggregationInput input, const RandomStream& stream);
  int tasks() const override { return static_cast<int>(weights_.size()); }
  GramMatrix gram() override;
  at::Tensor rows() override;
  at::Tensor uniform() override;
  std::vector<std::vector<int>> order() override;

  // What the aggregation made of them, as a sum over the buffers' rows. Throws std::logic_error if it has neither a
  // gradient nor a coefficient a task.
  GradientSum sum_of(const Aggregated& aggregated) const;

 private:
  const GradientRows& buffers_;
  std::size_t member_;
  const std::vector<double>& weights_;
  const std::vector<double>& products_;
  AggregationInput input_;
  const RandomStream& stream_;
  bool rows_weighted_ = false;
};

}  // namespace mtlgrid

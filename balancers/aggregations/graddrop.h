// GradDrop: in each coordinate, the gradients of one sign survive, chosen at random by how much weight that sign has.
#pragma once

#include "balancers/aggregations/aggregator.h"
#include "balancers/methods/protocol.h"

namespace mtlgrid {

// GradDrop per coordinate: `gradients` [K, P], `uniform` [P] in [0, 1); returns [P]. A new tensor, as the gradients'
// type. Throws std::invalid_argument for wrong shapes, std::domain_error naming a task with a non-finite gradient.
// Chen et al. 2020, algorithm 1 with leak 0.
at::Tensor graddrop(const at::Tensor& gradients, const at::Tensor& uniform, const Protocol& protocol);

// graddrop() of each step, with the numbers that are drawn for it.
class GradDrop : public Aggregator {
 public:
  explicit GradDrop(const Protocol& protocol) : protocol_(protocol) {}
  Aggregated aggregate(TaskGradients& gradients) override;

 private:
  Protocol protocol_;
};

}  // namespace mtlgrid

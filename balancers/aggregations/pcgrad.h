// PCGrad: each task's gradient loses what opposes the others, then all are added.
#pragma once

#include <vector>

#include "balancers/aggregations/aggregator.h"
#include "balancers/methods/protocol.h"

namespace mtlgrid {

// Coefficients c with g = sum_k c_k g_k. Finite for every M of float32 gradients, whatever their directions and
// however different their lengths; the degenerate cases are decided in docs/methods.md. Pure, all in double.
// `order[i]`: for task i, the other tasks in the order in which conflicts are projected out (K = 2: no choice).
// Throws std::invalid_argument if that is not what `order` holds. Yu et al. 2020, algorithm 1.
std::vector<double> pcgrad_coefficients(const GramMatrix& gram, const std::vector<std::vector<int>>& order,
                                        const Protocol& protocol);

// pcgrad_coefficients() of each step, in the order that is drawn for it.
class PcGrad : public Aggregator {
 public:
  explicit PcGrad(const Protocol& protocol) : protocol_(protocol) {}
  Aggregated aggregate(TaskGradients& gradients) override;

 private:
  Protocol protocol_;
};

}  // namespace mtlgrid

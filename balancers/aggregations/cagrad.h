// CAGrad: the update within c |g0| of the mean gradient g0 that serves the worst-off task best.
#pragma once

#include <vector>

#include "balancers/aggregations/aggregator.h"
#include "balancers/methods/protocol.h"

namespace mtlgrid {

inline constexpr double kCagradC = 0.4;  // Liu et al. 2021, the value of the released code

// Coefficients c with g = sum_k c_k g_k. Finite for every M of float32 gradients, whatever their directions and
// however different their lengths; the degenerate cases are decided in docs/methods.md. Pure, all in double.
// Throws std::invalid_argument for a negative or non-finite c, or more than 16 tasks (the cost grows as 2^K; K = 2 is
// a closed form). Liu et al. 2021, algorithm 1, rescaled by 1 / (1 + c^2).
std::vector<double> cagrad_coefficients(const GramMatrix& gram, double c, const Protocol& protocol);
// The point w* of the simplex behind cagrad_coefficients, exposed for its optimality conditions. Where several points
// are optimal it is one of them; g is the same for all.
std::vector<double> cagrad_simplex_point(const GramMatrix& gram, double c, const Protocol& protocol);

// cagrad_coefficients() of each step, c = kCagradC.
class CaGrad : public Aggregator {
 public:
  explicit CaGrad(const Protocol& protocol) : protocol_(protocol) {}
  Aggregated aggregate(TaskGradients& gradients) override;

 private:
  Protocol protocol_;
};

}  // namespace mtlgrid

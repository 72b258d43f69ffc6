// Gradient aggregations: one gradient of the shared parameters out of K task gradients.
//
// The small mathematics (Gram matrix to coefficients) is apart from the large (gradients to update). All return the
// gradient of a SUM of losses: where a paper averages over tasks, the result is multiplied by K.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "balancers/protocol.h"
#include "balancers/registry.h"

namespace at {
class Tensor;
}

namespace mtlgrid {

// M = G G^T, K x K row-major, accumulated in double.
struct GramMatrix {
  int tasks = 0;
  std::vector<double> values;
  double operator()(int i, int j) const { return values[static_cast<std::size_t>(i * tasks + j)]; }
};
// Of `gradients` [K, P] (float or double, contiguous).
GramMatrix gram_matrix(const at::Tensor& gradients);

// Coefficients c with g = sum_k c_k g_k. Finite for every finite M; the degenerate cases are decided in docs/methods.md.
std::vector<double> sum_coefficients(int tasks);
// `order[i]`: for task i, the other tasks in the order in which conflicts are projected out (K = 2: no choice).
std::vector<double> pcgrad_coefficients(const GramMatrix& gram, const std::vector<std::vector<int>>& order,
                                        const Protocol& protocol);
std::vector<double> cagrad_coefficients(const GramMatrix& gram, double c, const Protocol& protocol);
// The point w* of the simplex behind cagrad_coefficients, exposed for its optimality conditions.
std::vector<double> cagrad_simplex_point(const GramMatrix& gram, double c, const Protocol& protocol);
// GradDrop per coordinate: `gradients` [K, P], `uniform` [P] in [0, 1); returns [P].
at::Tensor graddrop(const at::Tensor& gradients, const at::Tensor& uniform, const Protocol& protocol);

inline constexpr double kCagradC = 0.4;  // Liu et al. 2021, the value of the released code

// What the trainer calls: aggregates `gradients` [K, P] of weighted losses into [P]. `uniform` gives [P] numbers for
// GradDrop, `order` the projection order of PCGrad for K > 2; each is called only by the method that needs it.
struct AggregationInputs {
  virtual ~AggregationInputs() = default;
  virtual at::Tensor uniform() const = 0;
  virtual std::vector<std::vector<int>> order() const = 0;
};
at::Tensor aggregate(Aggregation kind, const at::Tensor& gradients, const AggregationInputs& inputs,
                     const Protocol& protocol);

}  // namespace mtlgrid

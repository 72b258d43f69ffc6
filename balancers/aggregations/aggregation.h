// Gradient aggregations: one gradient of the shared parameters out of K task gradients.
//
// The small mathematics (Gram matrix to coefficients) is apart from the large (gradients to update). All return the
// gradient of a SUM of losses: where a paper averages over tasks, the result is multiplied by K.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "balancers/methods/protocol.h"
#include "balancers/methods/registry.h"

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
// Of `gradients` [K, P] (any floating type and device; columns are converted to double in chunks, never all at once).
// Throws std::invalid_argument for other shapes or types, std::domain_error naming the first task whose gradient is
// not finite (or so large that its squared length is not).
GramMatrix gram_matrix(const at::Tensor& gradients);
// The same of the rows' inner products, K x K, row by row.
GramMatrix gram_matrix(int tasks, std::vector<double> products);

// Coefficients c with g = sum_k c_k g_k. Finite for every M of float32 gradients, whatever their directions and
// however different their lengths; the degenerate cases are decided in docs/methods.md. Pure, all in double.
std::vector<double> sum_coefficients(int tasks);
// `order[i]`: for task i, the other tasks in the order in which conflicts are projected out (K = 2: no choice).
// Throws std::invalid_argument if that is not what `order` holds. Yu et al. 2020, algorithm 1.
std::vector<double> pcgrad_coefficients(const GramMatrix& gram, const std::vector<std::vector<int>>& order,
                                        const Protocol& protocol);
// Throws std::invalid_argument for a negative or non-finite c, or more than 16 tasks (the cost grows as 2^K; K = 2 is
// a closed form). Liu et al. 2021, algorithm 1, rescaled by 1 / (1 + c^2).
std::vector<double> cagrad_coefficients(const GramMatrix& gram, double c, const Protocol& protocol);
// The point w* of the simplex behind cagrad_coefficients, exposed for its optimality conditions. Where several points
// are optimal it is one of them; g is the same for all.
std::vector<double> cagrad_simplex_point(const GramMatrix& gram, double c, const Protocol& protocol);
// GradDrop per coordinate: `gradients` [K, P], `uniform` [P] in [0, 1); returns [P]. A new tensor, as the gradients'
// type. Throws std::invalid_argument for wrong shapes, std::domain_error naming a task with a non-finite gradient.
// Chen et al. 2020, algorithm 1 with leak 0.
at::Tensor graddrop(const at::Tensor& gradients, const at::Tensor& uniform, const Protocol& protocol);

inline constexpr double kCagradC = 0.4;  // Liu et al. 2021, the value of the released code

// What the trainer calls: aggregates `gradients` [K, P] of weighted losses into [P]. `uniform` gives [P] numbers for
// GradDrop, `order` the projection order of PCGrad for K > 2; each is called only by the method that needs it. Throws
// std::domain_error naming the first task whose gradient is not finite: nothing is ever skipped.
struct AggregationInputs {
  virtual ~AggregationInputs() = default;
  virtual at::Tensor uniform() const = 0;
  virtual std::vector<std::vector<int>> order() const = 0;
};
at::Tensor aggregate(Aggregation kind, const at::Tensor& gradients, const AggregationInputs& inputs,
                     const Protocol& protocol);

}  // namespace mtlgrid

// The Gram matrix of task gradients: all that aggregations by coefficients need to know of them.
#pragma once

#include <cstddef>
#include <vector>

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

}  // namespace mtlgrid

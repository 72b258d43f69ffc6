// Inner products of long gradients, in double whatever their type, in one pass over memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace mtlgrid {

// a_i . b_j of a [I, P] and b [J, P], as [I J], row-major. Any device and floating-point type. On the CPU the result
// does not depend on threads: fixed chunks of columns, summed in their order. Throws std::invalid_argument unless the
// rows are of one length.
std::vector<double> inner_products(const at::Tensor& a, const at::Tensor& b);

}  // namespace mtlgrid

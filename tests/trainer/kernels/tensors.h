// Tensors in tests: made from numbers, and compared.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <span>

namespace mtlgrid::testing {

inline at::Tensor tensor(std::span<const double> values, at::IntArrayRef shape) {
  return at::tensor(at::ArrayRef<double>(values.data(), values.size()), at::kDouble).view(shape).clone();
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace mtlgrid::testing

#include "trainer/training/step_gradients.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "base/philox.h"
#include "trainer/kernels/gpu_kernels.h"

namespace mtlgrid {

StepGradients::StepGradients(const GradientRows& buffers, std::size_t member, const std::vector<double>& weights,
                             const std::vector<double>& products, AggregationInput input, const RandomStream& stream)
    : buffers_(buffers), member_(member), weights_(weights), products_(products), input_(input), stream_(stream) {}

GramMatrix StepGradients::gram() {
  if (input_ == AggregationInput::rows) return gram_matrix(rows());
  if (input_ != AggregationInput::gram)
    throw std::logic_error("an aggregation reads a Gram matrix it does not declare");
  GramMatrix gram = gram_matrix(tasks(), products_);
  const std::size_t k = weights_.size();
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) gram.values[k * i + j] *= weights_[i] * weights_[j];
  }
  return gram;
}

at::Tensor StepGradients::rows() {
  if (input_ != AggregationInput::rows) throw std::logic_error("an aggregation reads rows that it does not declare");
  const at::Tensor rows = buffers_.shared_of(member_);
  for (std::size_t k = 0; k < weights_.size() && !rows_weighted_; ++k) {
    if (weights_[k] != 1) rows.select(0, static_cast<std::int64_t>(k)).mul_(weights_[k]);
  }
  rows_weighted_ = true;
  return rows;
}

at::Tensor StepGradients::uniform() {
  const at::Tensor& shared = buffers_.shared;
  at::Tensor u = at::empty({shared.size(1)}, at::TensorOptions().dtype(at::kFloat).device(shared.device()));
  if (shared.is_cpu()) {
    fill_uniform(stream_, {u.data_ptr<float>(), static_cast<std::size_t>(u.numel())});
  } else {
    gpu::fill_uniform(stream_, u);
  }
  return u;
}

std::vector<std::vector<int>> StepGradients::order() {
  std::vector<std::vector<int>> all;
  for (int i = 0; i < tasks(); ++i) {
    std::vector<int>& others = all.emplace_back();
    const RandomStream stream = stream_.child(static_cast<std::uint64_t>(i));
    for (const std::uint32_t j : stream.permutation(static_cast<std::uint32_t>(tasks()))) {
      if (static_cast<int>(j) != i) others.push_back(static_cast<int>(j));
    }
  }
  return all;
}

GradientSum StepGradients::sum_of(const Aggregated& aggregated) const {
  if (aggregated.gradient.defined()) return {{aggregated.gradient}, {1.0}};
  std::vector<double> c = aggregated.coefficients;
  if (c.size() != weights_.size()) throw std::logic_error("an aggregation gave neither a gradient nor coefficients");
  for (std::size_t k = 0; k < c.size() && !rows_weighted_; ++k) c[k] *= weights_[k];
  return buffers_.shared_sum(member_, c);
}

}  // namespace mtlgrid

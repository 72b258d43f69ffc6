// What the tests of aggregations share: tensors from plain numbers, fixtures, and task gradients at hand.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "balancers/aggregations/gradients.h"
#include "balancers/aggregations/make_aggregator.h"
#include "tests/balancers/numbers.h"
#include "tests/oracle/oracle.h"

namespace mtlgrid {

using Order = std::vector<std::vector<int>>;

inline at::Tensor tensor_of(const Rows& rows, at::ScalarType type = at::kDouble) {  // [K, P]
  const auto columns = static_cast<std::int64_t>(rows.at(0).size());
  at::Tensor out = at::zeros({static_cast<std::int64_t>(rows.size()), columns}, at::kDouble);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    out.select(0, static_cast<std::int64_t>(k)).copy_(at::tensor(rows[k], at::kDouble));
  }
  return out.to(type);
}

inline Vector values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

// For every task the others in ascending order.
inline Order ascending_order(int tasks) {
  Order order(static_cast<std::size_t>(tasks));
  for (int i = 0; i < tasks; ++i) {
    for (int j = 0; j < tasks; ++j) {
      if (j != i) order[static_cast<std::size_t>(i)].push_back(j);
    }
  }
  return order;
}

// The random numbers of a step, given beforehand.
struct GivenNumbers {
  Vector uniform;
  Order order;
};

// Gradients at hand, which give no more than the aggregation's row says that it reads.
class GivenGradients : public TaskGradients {
 public:
  GivenGradients(at::Tensor gradients, AggregationInput input, GivenNumbers numbers)
      : gradients_(std::move(gradients)), input_(input), numbers_(std::move(numbers)) {}
  int tasks() const override { return static_cast<int>(gradients_.size(0)); }
  GramMatrix gram() override {
    if (input_ == AggregationInput::weighted_sum) throw std::logic_error("Gram matrix asked for");
    return gram_matrix(gradients_);
  }
  at::Tensor rows() override {
    if (input_ != AggregationInput::rows) throw std::logic_error("rows asked for");
    return gradients_;
  }
  at::Tensor uniform() override {
    if (numbers_.uniform.empty()) throw std::logic_error("random numbers asked for");
    return at::tensor(numbers_.uniform, at::kDouble);
  }
  std::vector<std::vector<int>> order() override {
    if (numbers_.order.empty()) throw std::logic_error("order asked for");
    return numbers_.order;
  }

 private:
  at::Tensor gradients_;
  AggregationInput input_;
  GivenNumbers numbers_;
};

inline AggregationRow row_of(const std::string& aggregation) {
  for (const AggregationRow& row : aggregations()) {
    if (row.name == aggregation) return row;
  }
  throw std::invalid_argument(aggregation);
}

// One step of a new aggregation of this name on gradients [K, P]: [P], checked to be finite as a training step is.
inline at::Tensor aggregate(const std::string& name, const at::Tensor& gradients, const GivenNumbers& numbers = {},
                            const Protocol& protocol = {}) {
  require_gradients(gradients);
  GivenGradients given(gradients, row_of(name).input, numbers);
  const Aggregated found = make_aggregator(name, protocol)->aggregate(given);
  const at::Tensor out = found.gradient.defined() ? found.gradient : combine(gradients, found.coefficients);
  require_finite_gradients(gradients, out);
  return out;
}

// Sets of task gradients of every kind that the methods must survive, for 2, 3 and 5 tasks.
struct GradientSet {
  std::string name;
  Rows rows;
};
inline std::vector<GradientSet> gradient_sets() {
  std::mt19937_64 engine(20240611);
  std::normal_distribution<double> normal;
  const auto random_row = [&](double scale) {
    Vector row(7);
    for (double& x : row) x = scale * normal(engine);
    return row;
  };
  std::vector<GradientSet> sets;
  for (std::size_t tasks : {2, 3, 5}) {
    const std::string k = " " + std::to_string(tasks);
    const auto add = [&](const std::string& name, const std::function<Vector(std::size_t)>& row) {
      Rows rows;
      for (std::size_t i = 0; i < tasks; ++i) rows.push_back(row(i));
      sets.push_back({name + k, rows});
    };
    Vector base = random_row(1);
    const Vector across = random_row(1);
    const auto along = [&](double scale) { return combination({base}, {scale}); };
    for (int repeat = 0; repeat < 8; ++repeat) add("random", [&](std::size_t) { return random_row(1); });
    add("lengths 1e-15 to 1e15", [&](std::size_t i) { return random_row(i == 0 ? 1e15 : i == 1 ? 1e-15 : 1); });
    add("first 1e15 longer", [&](std::size_t i) { return random_row(i == 0 ? 1e15 : 1); });
    add("all 1e-15", [&](std::size_t) { return random_row(1e-15); });
    add("all zero", [&](std::size_t) { return along(0); });
    add("first zero", [&](std::size_t i) { return i == 0 ? along(0) : random_row(1); });
    add("identical", [&](std::size_t) { return base; });
    add("parallel", [&](std::size_t i) { return along(1.0 + static_cast<double>(i)); });
    add("opposite", [&](std::size_t i) { return along(i % 2 == 0 ? 1 : -1); });
    add("opposite, unequal", [&](std::size_t i) { return along(i % 2 == 0 ? 3 : -0.1); });
    add("opposite, 1e15", [&](std::size_t i) { return along(i % 2 == 0 ? 1e15 : -1); });
    add("nearly parallel", [&](std::size_t i) { return combination({base, across}, {1, 1e-9 * double(i)}); });
    add("nearly opposite",
        [&](std::size_t i) { return combination({base, across}, {i % 2 == 0 ? 1.0 : -1.0, 1e-9 * (1 + double(i))}); });
    add("at right angles", [&](std::size_t i) {
      Vector row(7, 0.0);
      row[i] = 1.0 + static_cast<double>(i);
      return row;
    });
  }
  return sets;
}

}  // namespace mtlgrid

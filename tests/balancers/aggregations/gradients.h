// What the tests of balancers/ share: tensors from plain numbers, fixtures, and inputs that are given beforehand.
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

#include "balancers/aggregations/aggregation.h"
#include "tests/oracle/oracle.h"

namespace mtlgrid {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;
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

inline double dot(const Vector& x, const Vector& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}
inline double norm(const Vector& x) { return std::sqrt(dot(x, x)); }
inline double distance(Vector x, const Vector& y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] -= y.at(i);
  return norm(x);
}
inline Vector combination(const Rows& rows, const Vector& coefficients) {
  Vector out(rows[0].size(), 0.0);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    for (std::size_t j = 0; j < out.size(); ++j) out[j] += coefficients.at(k) * rows[k][j];
  }
  return out;
}
inline Vector sum_of(const Rows& rows) { return combination(rows, Vector(rows.size(), 1.0)); }
inline double longest(const Rows& rows) {
  double out = 0;
  for (const Vector& row : rows) out = std::max(out, norm(row));
  return out;
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

struct GivenInputs : AggregationInputs {
  GivenInputs(Vector u, Order o) : uniform_numbers(std::move(u)), projection_order(std::move(o)) {}
  at::Tensor uniform() const override { return at::tensor(uniform_numbers, at::kDouble); }
  std::vector<std::vector<int>> order() const override { return projection_order; }
  Vector uniform_numbers;
  Order projection_order;
};

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
    const Vector base = random_row(1), across = random_row(1);
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

#include "balancers/aggregations/graddrop.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "tests/balancers/aggregations/gradients.h"

namespace mtlgrid {
namespace {

Vector drop(const Rows& rows, const Vector& uniform, const Protocol& protocol = {}) {
  return values_of(graddrop(tensor_of(rows), at::tensor(uniform, at::kDouble), protocol));
}

TEST(GradDrop, EqualsTorchJdUnderTheSameRandomNumbers) {
  const nlohmann::json& data = oracle_file("aggregation.json");
  for (const auto& c : data.at("cases")) {
    const Rows rows = c.at("gradients");
    EXPECT_LE(distance(drop(rows, c.at("uniform")), c.at("graddrop")), 1e-15 * longest(rows)) << c.at("name");
  }
}

TEST(GradDrop, EqualsTheReleasedCodeWithItsEpsilon) {
  const nlohmann::json& data = oracle_file("aggregation.json");
  for (const auto& c : data.at("cases")) {
    const Rows rows = c.at("gradients");
    const Vector out = drop(rows, c.at("uniform"), Protocol::released_code());
    EXPECT_LE(distance(out, c.at("graddrop_released")), 1e-15 * longest(rows)) << c.at("name");
  }
}

// E[g] over U is the plain sum: P pos + (1 - P) neg = pos + neg. The midpoint rule over U is exact to one step.
TEST(GradDrop, ExpectationOverTheRandomNumbersIsTheSum) {
  constexpr int kSteps = 2000;
  for (const GradientSet& set : gradient_sets()) {
    Vector mean(set.rows[0].size(), 0.0);
    for (int i = 0; i < kSteps; ++i) {
      const Vector g = drop(set.rows, Vector(mean.size(), (i + 0.5) / kSteps));
      for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += g[j] / kSteps;
    }
    const Vector sum = sum_of(set.rows);
    for (std::size_t j = 0; j < mean.size(); ++j) {
      double total = 0;
      for (const Vector& row : set.rows) total += std::abs(row[j]);
      EXPECT_NEAR(mean[j], sum[j], total / kSteps) << set.name;
    }
  }
}

TEST(GradDrop, KeepsOneSignInEachCoordinate) {
  const Rows rows = {{2, -1, 3}, {-1, -2, 0}, {1, 4, 0}};
  EXPECT_EQ(drop(rows, {0.1, 0.1, 0.999999}), (Vector{3, 4, 3}));
  EXPECT_EQ(drop(rows, {0.9, 0.9, 0}), (Vector{-1, -3, 3}));
}

TEST(GradDrop, CoordinatesWithoutGradientStayZero) {
  for (const Protocol& protocol : {Protocol::paper(), Protocol::released_code()}) {
    EXPECT_EQ(drop({{0, 1}, {0, 1}}, {0.5, 0.5}, protocol), (Vector{0, 2}));
    EXPECT_EQ(drop({{0, 0}, {0, 0}}, {0, 0.5}, protocol), (Vector{0, 0}));
  }
}

// A column-major tensor takes the path of other devices; both are one rule, up to the order of sums.
TEST(GradDrop, EveryLayoutAndTypeGivesTheSame) {
  for (const GradientSet& set : gradient_sets()) {
    const at::Tensor uniform = at::tensor(Vector{0.1, 0.3, 0.5, 0.6, 0.8, 0.9, 0.4}, at::kDouble);
    for (auto type : {at::kDouble, at::kFloat}) {
      for (const Protocol& protocol : {Protocol::paper(), Protocol::released_code()}) {
        const at::Tensor g = tensor_of(set.rows, type), columns = g.t().contiguous().t();
        ASSERT_FALSE(columns.is_contiguous());
        const Vector expected = values_of(graddrop(g, uniform.to(type), protocol));
        const Vector found = values_of(graddrop(columns, uniform.to(type), protocol));
        EXPECT_LE(distance(found, expected), (type == at::kFloat ? 1e-6 : 1e-15) * longest(set.rows)) << set.name;
      }
    }
  }
}

TEST(GradDrop, ManyCoordinatesAreTreatedAlike) {
  const std::int64_t columns = 3 * 64 * 1024 + 11;
  at::Tensor g = at::zeros({2, columns}, at::kFloat);
  g.select(0, 0).fill_(3);
  g.select(0, 1).fill_(-1);  // P = 3/4
  at::Tensor uniform = at::zeros({columns}, at::kFloat);
  uniform.fill_(0.74);
  for (double x : values_of(graddrop(g, uniform, {}))) ASSERT_EQ(x, 3);
  uniform.fill_(0.76);
  for (double x : values_of(graddrop(g, uniform, {}))) ASSERT_EQ(x, -1);
}

TEST(GradDrop, NonFiniteGradientNamesTheTask) {
  const double inf = std::numeric_limits<double>::infinity();
  for (double bad : {std::numeric_limits<double>::quiet_NaN(), inf, -inf}) {
    const at::Tensor g = tensor_of({{1, 2}, {bad, 1}});
    for (const at::Tensor& layout : {g, g.t().contiguous().t()}) {
      try {
        graddrop(layout, at::tensor(Vector{0.5, 0.5}, at::kDouble), {});
        FAIL() << "no exception";
      } catch (const std::domain_error& e) {
        EXPECT_STREQ(e.what(), "gradient of task 1 is not finite");
      }
    }
  }
}

TEST(GradDrop, WrongNumberOfRandomNumbersThrows) {
  EXPECT_THROW(drop({{1, 2}, {1, 2}}, {0.5}), std::invalid_argument);
  EXPECT_THROW(graddrop(at::zeros({2, 2}), at::zeros({1, 2}), {}), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "balancers/aggregation.h"
#include "gradients.h"

namespace mtlgrid {
namespace {

Vector drop(const Rows& rows, const Vector& uniform, const Protocol& protocol = {}) {
  return values_of(graddrop(tensor_of(rows), at::tensor(uniform, at::kDouble), protocol));
}

TEST(GradDrop, EqualsTorchJdUnderTheSameRandomNumbers) {
  const nlohmann::json data = fixture("aggregation.json");
  for (const auto& c : data.at("cases")) {
    const Rows rows = c.at("gradients");
    EXPECT_LE(distance(drop(rows, c.at("uniform")), c.at("graddrop")), 1e-15 * longest(rows)) << c.at("name");
  }
}

TEST(GradDrop, EqualsTheReleasedCodeWithItsEpsilon) {
  const nlohmann::json data = fixture("aggregation.json");
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

TEST(GradDrop, NonFiniteGradientNamesTheTask) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  try {
    drop({{1, 2}, {nan, 1}}, {0.5, 0.5});
    FAIL() << "no exception";
  } catch (const std::domain_error& e) {
    EXPECT_STREQ(e.what(), "gradient of task 1 is not finite");
  }
}

TEST(GradDrop, WrongNumberOfRandomNumbersThrows) {
  EXPECT_THROW(drop({{1, 2}, {1, 2}}, {0.5}), std::invalid_argument);
  EXPECT_THROW(graddrop(at::zeros({2, 2}), at::zeros({1, 2}), {}), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

#include "balancers/aggregations/pcgrad.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/balancers/aggregations/gradients.h"

namespace mtlgrid {
namespace {

Vector pcgrad(const Rows& rows, const Order& order, const Protocol& protocol = {}) {
  return combination(rows, pcgrad_coefficients(gram_matrix(tensor_of(rows)), order, protocol));
}

TEST(PcGrad, EqualsTorchJdUnderTheSameOrder) {
  const nlohmann::json& data = oracle_file("aggregation.json");
  for (const auto& c : data.at("cases")) {
    const Rows rows = c.at("gradients");
    EXPECT_LE(distance(pcgrad(rows, c.at("order")), c.at("pcgrad")), 1e-13 * longest(rows)) << c.at("name");
  }
}

TEST(PcGrad, EqualsTheReleasedCodeWithItsEpsilons) {
  const nlohmann::json& data = oracle_file("aggregation.json");
  for (const auto& c : data.at("cases")) {
    const Rows rows = c.at("gradients");
    const Vector out = pcgrad(rows, c.at("order"), Protocol::released_code());
    EXPECT_LE(distance(out, c.at("pcgrad_released")), 1e-13 * longest(rows)) << c.at("name");
  }
}

TEST(PcGrad, IsTheSumWithoutConflict) {
  const Rows rows = {{1, 0, 2}, {0, 3, 1}, {1, 1, 0}};
  EXPECT_EQ(pcgrad_coefficients(gram_matrix(tensor_of(rows)), ascending_order(3), {}), Vector(3, 1.0));
}

TEST(PcGrad, OpposesNeitherOfTwoTasks) {
  for (const GradientSet& set : gradient_sets()) {
    if (set.rows.size() != 2) continue;
    const Vector g = pcgrad(set.rows, {{1}, {0}});
    for (const Vector& task : set.rows) EXPECT_GE(dot(g, task), -1e-14 * longest(set.rows) * norm(task)) << set.name;
  }
}

TEST(PcGrad, OppositeGradientsCancel) { EXPECT_EQ(pcgrad({{1, 2}, {-3, -6}}, {{1}, {0}}), (Vector{0, 0})); }

TEST(PcGrad, ZeroGradientIsSkipped) {
  for (const Protocol& protocol : {Protocol::paper(), Protocol::released_code()}) {
    EXPECT_EQ(pcgrad({{1, -2}, {0, 0}}, {{1}, {0}}, protocol), (Vector{1, -2}));
  }
}

TEST(PcGrad, OrderMattersForThreeTasks) {
  const Rows rows = {{1, 0}, {-1, 1}, {-1, -0.2}};
  Order other = ascending_order(3);
  std::swap(other[0][0], other[0][1]);
  EXPECT_GT(distance(pcgrad(rows, ascending_order(3)), pcgrad(rows, other)), 0.1);
}

TEST(PcGrad, AnOrderThatIsNoPermutationOfTheOthersThrows) {
  const GramMatrix two = gram_matrix(tensor_of({{1, 0}, {0, 1}}));
  const GramMatrix three = gram_matrix(tensor_of({{1, 0}, {0, 1}, {1, 1}}));
  EXPECT_THROW(pcgrad_coefficients(two, {{1}}, {}), std::invalid_argument);
  EXPECT_THROW(pcgrad_coefficients(two, {{0}, {1}}, {}), std::invalid_argument);
  EXPECT_THROW(pcgrad_coefficients(two, {{2}, {0}}, {}), std::invalid_argument);
  EXPECT_THROW(pcgrad_coefficients(two, {{-1}, {0}}, {}), std::invalid_argument);
  EXPECT_THROW(pcgrad_coefficients(three, {{1, 1}, {0, 2}, {0, 1}}, {}), std::invalid_argument);
  EXPECT_THROW(pcgrad_coefficients(three, {{1}, {0, 2}, {0, 1}}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

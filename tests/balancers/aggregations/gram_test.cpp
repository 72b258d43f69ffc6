#include "balancers/aggregations/gram.h"

#include <ATen/Parallel.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "balancers/aggregations/inner_products.h"
#include "tests/balancers/aggregations/gradients.h"

namespace mtlgrid {
namespace {

// Exact in any order of summation: whole numbers.
TEST(Gram, IsExactOverManyChunks) {
  const std::int64_t columns = 3 * (1 << 15) + 17;
  at::Tensor g = at::full({2, columns}, 3.0, at::kFloat);
  g.select(0, 1).fill_(-2);
  const GramMatrix m = gram_matrix(g);
  EXPECT_EQ(m.values, (Vector{9.0 * columns, -6.0 * columns, -6.0 * columns, 4.0 * columns}));
}

// 2^24 + 1 is not a float: a sum in single precision would stop there.
TEST(Gram, AccumulatesInDouble) {
  at::Tensor g = at::full({1, 40000}, 1.0, at::kFloat);
  g.select(1, 0).fill_(4096);
  EXPECT_EQ(gram_matrix(g)(0, 0), 4096.0 * 4096 + 39999);
}

TEST(InnerProducts, AreThoseOfEveryPairOfRows) {
  const at::Tensor a = at::randn({2, 70001}), b = at::randn({3, 70001});
  const at::Tensor expected = at::mm(a.to(at::kDouble), b.to(at::kDouble).t());
  const std::vector<double> have = inner_products(a, b);
  ASSERT_EQ(have.size(), 6u);
  for (std::int64_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(have[static_cast<std::size_t>(i)], expected.view({6})[i].item<double>(), 1e-9);
  }
  EXPECT_EQ(inner_products(a.to(at::kDouble), b.to(at::kDouble)), have);
}

TEST(InnerProducts, DoNotUnderflowAsFloatsWould) {
  const at::Tensor tiny = at::full({1, 2}, 1e-30, at::kFloat);
  EXPECT_NEAR(inner_products(tiny, tiny)[0] / 2e-60, 1, 1e-6);
}

TEST(InnerProducts, ThreadsChangeNoBit) {
  const at::Tensor a = at::randn({2, 1000003});
  at::set_num_threads(1);
  const std::vector<double> one = inner_products(a, a);
  at::set_num_threads(3);
  EXPECT_EQ(inner_products(a, a), one);
  at::set_num_threads(1);
}

TEST(InnerProducts, RowsOfDifferentLengthsAreRefused) {
  EXPECT_THROW(inner_products(at::zeros({1, 3}), at::zeros({1, 4})), std::invalid_argument);
}

TEST(Gram, TakesEveryFloatingTypeAndLayout) {
  const Rows rows = {{1, 2, 3, -4}, {0.5, -1, 2, 8}, {0, 0, 1, 1}};
  const GramMatrix expected = gram_matrix(tensor_of(rows));
  EXPECT_EQ(expected(0, 1), dot(rows[0], rows[1]));
  for (auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    EXPECT_EQ(gram_matrix(tensor_of(rows, type)).values, expected.values);
  }
  EXPECT_EQ(gram_matrix(tensor_of(rows).t().contiguous().t()).values, expected.values);
}

TEST(Gram, IsSymmetricToTheLastBit) {
  for (const GradientSet& set : gradient_sets()) {
    const GramMatrix m = gram_matrix(tensor_of(set.rows));
    for (int i = 0; i < m.tasks; ++i) {
      for (int j = 0; j < i; ++j) EXPECT_EQ(m(i, j), m(j, i)) << set.name;
    }
  }
}

TEST(Gram, NoParametersGiveZeros) { EXPECT_EQ(gram_matrix(at::zeros({2, 0}, at::kFloat)).values, Vector(4, 0.0)); }

TEST(Gram, NonFiniteGradientNamesTheTask) {
  for (double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    at::Tensor g = tensor_of({{1, 2}, {3, bad}});
    try {
      gram_matrix(g);
      FAIL() << "no exception";
    } catch (const std::domain_error& e) {
      EXPECT_STREQ(e.what(), "gradient of task 1 is not finite");
    }
  }
}

TEST(Gram, WrongShapesAndTypesThrow) {
  EXPECT_THROW(gram_matrix(at::zeros({3}, at::kFloat)), std::invalid_argument);
  EXPECT_THROW(gram_matrix(at::zeros({0, 3}, at::kFloat)), std::invalid_argument);
  EXPECT_THROW(gram_matrix(at::zeros({2, 3}, at::kLong)), std::invalid_argument);
}

TEST(Combine, KeepsWhatSinglePrecisionWouldLose) {
  // The coefficient 1e45 is not a float, its product with 1e-30 is one.
  const at::Tensor g = tensor_of({{1e-30, 1}, {1, 1e15}}, at::kFloat);
  const Vector out = values_of(combine(g, {1e45, 1e-15}));
  EXPECT_NEAR(out[0], 1e15, 1e9);
  EXPECT_EQ(out[1], std::numeric_limits<double>::infinity());  // as the result itself is none
  EXPECT_NEAR(values_of(combine(tensor_of({{1e15}, {-1e15}, {1}}, at::kFloat), {1, 1, 1}))[0], 1, 0);
}

TEST(Combine, IsTheSameInEveryChunk) {
  at::Tensor g = at::full({2, (1 << 15) + 3}, 2.0, at::kFloat);
  for (double x : values_of(combine(g, {0.5, -3}))) ASSERT_EQ(x, -5);
}

TEST(Combine, WrongNumberOfCoefficientsThrows) {
  EXPECT_THROW(combine(at::zeros({2, 3}, at::kFloat), {1}), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

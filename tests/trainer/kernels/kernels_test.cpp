// The loops and products that a training step is made of, against ATen's operations in double.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "tests/trainer/kernels/reference.h"
#include "tests/trainer/kernels/tensors.h"
#include "trainer/kernels/dropout.h"
#include "trainer/kernels/products.h"
#include "trainer/kernels/rows.h"

namespace mtlgrid {
namespace {

using testing::largest_difference;

at::Tensor doubles(const at::Tensor& t) { return t.to(at::kDouble); }

class Products : public ::testing::TestWithParam<std::tuple<int, int, int>> {
 protected:
  void SetUp() override {
    std::tie(m, n, k) = GetParam();
    tolerance = 1e-6 * (10 + k);
  }
  static at::Tensor stored(bool transposed, std::int64_t rows, std::int64_t cols) {
    return transposed ? at::randn({3, cols, rows}).transpose(1, 2) : at::randn({3, rows, cols});
  }
  int m = 0, n = 0, k = 0;
  double tolerance = 0;
};

TEST_P(Products, AreThoseOfAtenWhereverTheFactorsLie) {
  for (const bool a_transposed : {false, true}) {
    for (const bool b_transposed : {false, true}) {
      const at::Tensor a = stored(a_transposed, m, k), b = stored(b_transposed, k, n);
      const at::Tensor expected = at::bmm(doubles(a), doubles(b));
      EXPECT_LT(largest_difference(doubles(product(a, b)), expected), tolerance);
      const at::Tensor out = at::randn({3, m, n}), before = doubles(out.clone());
      multiply_add(out, a, b);
      EXPECT_LT(largest_difference(doubles(out), before + expected), tolerance);
      multiply(out, a, b);
      EXPECT_LT(largest_difference(doubles(out), expected), tolerance);
    }
  }
}

TEST_P(Products, WriteIntoPartsOfRowsAndTakeExpandedFactors) {
  const at::Tensor wide = at::zeros({2, 2, m, n + 5}), out = wide.narrow(3, 2, n);
  const at::Tensor a = at::randn({2, 2, m, k}), b = at::randn({2, 1, k, n}).expand({2, 2, k, n});
  multiply(out, a, b);
  for (std::int64_t f = 0; f < 2; ++f) {
    for (std::int64_t i = 0; i < 2; ++i) {
      EXPECT_LT(largest_difference(doubles(out[f][i]), doubles(a[f][i]).matmul(doubles(b[f][i]))), tolerance);
    }
  }
  EXPECT_EQ(wide.narrow(3, 0, 2).abs().max().item<double>(), 0);
  EXPECT_EQ(wide.narrow(3, n + 2, 3).abs().max().item<double>(), 0);
}

TEST_P(Products, ThreadsAndOtherMembersChangeNoBit) {
  const at::Tensor a = stored(false, m, k), b = stored(true, k, n);
  at::set_num_threads(1);
  const at::Tensor one = product(a, b);
  at::set_num_threads(3);
  EXPECT_EQ(largest_difference(one, product(a, b)), 0);
  at::set_num_threads(1);
  for (std::int64_t f = 0; f < 3; ++f) {
    EXPECT_EQ(largest_difference(one.narrow(0, f, 1), product(a.narrow(0, f, 1), b.narrow(0, f, 1))), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Products,
                         ::testing::Values(std::tuple(1, 1, 1), std::tuple(1, 7, 3), std::tuple(2, 40, 30),
                                           std::tuple(17, 1, 64), std::tuple(42, 96, 48), std::tuple(300, 20, 70),
                                           std::tuple(70, 800, 2), std::tuple(65, 400, 900)));

TEST(Transpose, TurnsAnySize) {
  for (const auto& [rows, cols] : {std::pair{1, 1}, {3, 50}, {16, 16}, {40, 33}, {64, 384}}) {
    const at::Tensor x = at::randn({rows, cols + 3}), out = at::zeros({cols, rows + 2});
    transpose(x.const_data_ptr<float>(), cols + 3, rows, cols, out.data_ptr<float>(), rows + 2);
    EXPECT_EQ(largest_difference(out.narrow(1, 0, rows), x.narrow(1, 0, cols).t()), 0);
    EXPECT_EQ(out.narrow(1, rows, 2).abs().max().item<double>(), 0);
  }
}

struct RowsCase {
  at::ScalarType type;
  std::int64_t n, d;
  bool masked;
  double tolerance;
};

// F = 2 members, K = 2 tasks.
class Rows : public ::testing::TestWithParam<RowsCase> {
 protected:
  at::Tensor random(at::IntArrayRef shape) const { return at::randn(shape, at::TensorOptions().dtype(c.type)); }
  at::Tensor mask() const { return c.masked ? random({c.n, c.d}).gt(0).to(c.type) * 1.25 : at::Tensor(); }
  void expect_close(const at::Tensor& a, const at::Tensor& b) const {
    EXPECT_LT(largest_difference(doubles(a), doubles(b)), c.tolerance);
  }
  const RowsCase& c = GetParam();
};

TEST_P(Rows, ReluAndItsGradientAreAtens) {
  const at::Tensor y = random({2, c.n, c.d}), bias = random({2, 1, c.d}), m = mask(), other = y.clone();
  bias_relu_drop_(y, bias, m);
  aten::bias_relu_drop_(other, bias, m);
  expect_close(y, other);
  const at::Tensor g = random({2, 2 * c.n, c.d}), g2 = g.clone(), sums = random({4, 1, c.d}),
                   sums2 = random({4, 1, c.d});
  bias_relu_drop_backward_(g, y, 1.25, sums);
  aten::bias_relu_drop_backward_(g2, y, 1.25, sums2);
  expect_close(g, g2);
  expect_close(sums, sums2);
}

TEST_P(Rows, NormAndItsGradientAreAtens) {
  const NormView p = {random({2, 1, c.d}), random({2, 1, c.d})};
  const at::Tensor x = random({2, c.n, c.d}), y = random({2, c.n, c.d}), bias = random({2, 1, c.d}), m = mask();
  NormSaved saved, saved2;
  const at::Tensor y2 = y.clone();
  expect_close(add_drop_norm(x, y, bias, m, p, saved), aten::add_drop_norm(x, y2, bias, m, p, saved2));
  expect_close(saved.normalised, saved2.normalised);
  expect_close(saved.rstd, saved2.rstd);
  const auto gradient = [&] { return NormView{random({4, 1, c.d}), random({4, 1, c.d})}; };
  const NormView a = gradient(), b = gradient();
  const at::Tensor g = random({2, 2 * c.n, c.d}), a_bias = random({4, 1, c.d}), b_bias = random({4, 1, c.d});
  const auto one = add_drop_norm_backward(p, saved, g, m, a, a_bias);
  const auto two = aten::add_drop_norm_backward(p, saved2, g, m, b, b_bias);
  expect_close(one.x, two.x);
  expect_close(one.y, two.y);
  expect_close(a.weight, b.weight);
  expect_close(a.bias, b.bias);
  expect_close(a_bias, b_bias);
}

TEST_P(Rows, ThreadsChangeNoBit) {
  const at::Tensor g = random({2, 2 * c.n, c.d}), one = random({4, 1, c.d}), three = random({4, 1, c.d});
  at::set_num_threads(1);
  column_sums(g, one);
  at::set_num_threads(3);
  column_sums(g, three);
  at::set_num_threads(1);
  EXPECT_EQ(largest_difference(one, three), 0);
  expect_close(one, g.view({4, c.n, c.d}).sum(1, true));
}

INSTANTIATE_TEST_SUITE_P(Cases, Rows,
                         ::testing::Values(RowsCase{at::kFloat, 1, 3, true, 1e-4},
                                           RowsCase{at::kFloat, 150, 40, true, 1e-4},
                                           RowsCase{at::kFloat, 65, 17, false, 1e-4},
                                           RowsCase{at::kDouble, 70, 20, true, 1e-11},
                                           RowsCase{at::kDouble, 2, 5, false, 1e-11}));

TEST(DropoutKeys, AreThoseOfThePlacesInTheirOrder) {
  const RandomStream stream(3, "keys");
  const std::vector<std::int64_t> keys = DropoutMasks(stream, 0.1, at::empty({0})).keys(2, 3);
  ASSERT_EQ(keys.size(), 2u * 16 + 3 * 32);
  const auto key = [&](std::uint64_t place) { return static_cast<std::int64_t>(fill_key(stream.child(place))); };
  EXPECT_EQ(keys[16 + 2], key(16 + 2));                              // encoder layer 1, inner
  EXPECT_EQ(keys[2 * 16 + 2 * 32 + 2 * 4 + 1], key(4096 + 64 + 9));  // decoder layer 2, cross weights, token 1
}

}  // namespace
}  // namespace mtlgrid

// AdamW and its like: against PyTorch's own, and against ATen's operations.
#include "trainer/kernels/updates.h"

#include <ATen/ops/from_blob.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "base/philox.h"
#include "tests/oracle/oracle.h"
#include "tests/trainer/kernels/reference.h"

namespace mtlgrid {
namespace {

const RandomStream kStream(1337, "MSI/LF/3/test");

// The vector's storage as a tensor.
template <typename T>
at::Tensor of(std::vector<T>& v) {
  const at::ScalarType type = sizeof(T) == sizeof(double) ? at::kDouble : at::kFloat;
  return at::from_blob(v.data(), {static_cast<std::int64_t>(v.size())}, at::TensorOptions().dtype(type));
}

// The largest difference to PyTorch's float64, relative, of all 200 steps that the oracle shows.
bool adamw_is_finite(const AdamW& settings, std::int64_t step, const GradientSum& gradient, const at::Tensor& parameter,
                     const at::Tensor& first, const at::Tensor& second, int threads) {
  std::int32_t flag = 0;
  const at::Tensor not_finite = at::from_blob(&flag, {1}, at::kInt);
  adamw_step(settings, step, gradient, parameter, first, second, threads, not_finite);
  return flag == 0;
}

template <typename T>
double adamw_error(const nlohmann::json& run) {
  auto p = run["start"].get<std::vector<T>>();
  std::vector<T> m(p.size()), v(p.size());
  double worst = 0;
  for (std::size_t i = 0; i < run["gradients"].size(); ++i) {
    auto g = run["gradients"][i].get<std::vector<T>>();
    const AdamW settings = {.lr = run["rates"][i], .weight_decay = run["weight_decay"]};
    EXPECT_TRUE(adamw_is_finite(settings, static_cast<std::int64_t>(i) + 1, {{of(g)}, {1}}, of(p), of(m), of(v), 1));
    const auto expected = run["after"].find(std::to_string(i + 1));
    if (expected == run["after"].end()) continue;
    for (std::size_t j = 0; j < p.size(); ++j) {
      const double x = (*expected)[j];
      EXPECT_TRUE(std::isfinite(p[j]));
      worst = std::max(worst, std::abs(static_cast<double>(p[j]) - x) / std::abs(x));
    }
  }
  return worst;
}

TEST(AdamWTest, FollowsPyTorchOver200Steps) {
  const auto& oracle = oracle_file("optimiser.json");
  ASSERT_EQ(oracle["adamw"].size(), 3u);
  double in_double = 0, in_float = 0;
  for (const auto& run : oracle["adamw"]) {
    in_double = std::max(in_double, adamw_error<double>(run));
    in_float = std::max(in_float, adamw_error<float>(run));
  }
  EXPECT_LT(in_double, 1e-13);
  // In float32 each step rounds every parameter once, 6e-8 of it: PyTorch's own is 3.5e-6 from its float64 after 200
  // steps ("float32" in optimiser.json), so 1e-6 is out of reach.
  EXPECT_LT(in_float, 4e-6);
  RecordProperty("largest_error", fmt::format("{:.1e} in float64, {:.1e} in float32", in_double, in_float));
}

class Loops : public ::testing::Test {
 protected:
  Loops() : a(kLength), b(kLength), c(kLength) {
    fill_uniform(kStream.child(1), a);
    fill_uniform(kStream.child(2), b);
    fill_uniform(kStream.child(3), c);
  }
  static constexpr std::size_t kLength = 100003;  // several chunks and a tail
  std::vector<float> a, b, c;
};

TEST_F(Loops, TwoRowsAreOneRowOfTheirWeightedSum) {
  std::vector<float> sum(kLength), p1 = c, p2 = c, m1(kLength), m2(kLength), v1(kLength), v2(kLength);
  for (std::size_t i = 0; i < kLength; ++i) sum[i] = 0.25f * a[i] - 2 * b[i];
  adamw_is_finite({}, 1, {{of(a), of(b)}, {0.25, -2}}, of(p1), of(m1), of(v1), 1);
  adamw_is_finite({}, 1, {{of(sum)}, {1}}, of(p2), of(m2), of(v2), 1);
  for (std::size_t i = 0; i < kLength; ++i) ASSERT_NEAR(m1[i], m2[i], 1e-6);
  std::vector<float> o1(kLength), o2(kLength);
  gradient_step(0.1, 0.01, {{of(a), of(b)}, {0.25, -2}}, of(c), of(o1), 1);
  gradient_step(0.1, 0.01, {{of(sum)}, {1}}, of(c), of(o2), 1);
  for (std::size_t i = 0; i < kLength; ++i) {
    ASSERT_NEAR(o1[i], o2[i], 1e-6);
    ASSERT_NEAR(o1[i], c[i] * (1 - 0.001) - 0.1 * sum[i], 1e-6);
  }
}

TEST_F(Loops, AreThoseOfDoubleUpToRounding) {
  std::vector<double> da(a.begin(), a.end()), dc(c.begin(), c.end()), out(kLength);
  std::vector<float> single(kLength);
  offset(of(dc), 0.3, of(da), of(out), 1);
  offset(of(c), 0.3, of(a), of(single), 1);
  for (std::size_t i = 0; i < kLength; ++i) {
    ASSERT_NEAR(out[i], dc[i] + 0.3 * da[i], 1e-15);
    ASSERT_NEAR(single[i], out[i], 1e-6);
  }
}

TEST_F(Loops, AreAtensOperations) {
  const GradientSum g = {{of(a), of(b)}, {0.3, 1.7}};
  std::vector<float> p1 = c, p2 = c, m1 = b, m2 = b, v1 = a, v2 = a, o1(kLength), o2(kLength);
  for (float& x : v1) x = std::abs(x);
  v2 = v1;
  EXPECT_TRUE(adamw_is_finite({}, 4, g, of(p1), of(m1), of(v1), 1));
  aten::adamw_step({}, 4, g, of(p2), of(m2), of(v2));
  for (std::size_t i = 0; i < kLength; ++i) ASSERT_NEAR(p1[i], p2[i], 1e-6) << i;
  gradient_step(0.1, 0.01, g, of(c), of(o1), 1);
  aten::gradient_step(0.1, 0.01, g, of(c), of(o2));
  for (std::size_t i = 0; i < kLength; ++i) ASSERT_NEAR(o1[i], o2[i], 1e-6) << i;
  offset(of(c), 0.3, of(a), of(o1), 1);
  aten::offset(of(c), 0.3, of(a), of(o2));
  for (std::size_t i = 0; i < kLength; ++i) ASSERT_NEAR(o1[i], o2[i], 1e-6) << i;
}

TEST_F(Loops, ThreadsChangeNoBit) {
  std::vector<float> p1 = c, p2 = c, m1(kLength), m2(kLength), v1(kLength), v2(kLength);
  adamw_is_finite({}, 3, {{of(a)}, {1}}, of(p1), of(m1), of(v1), 1);
  adamw_is_finite({}, 3, {{of(a)}, {1}}, of(p2), of(m2), of(v2), 3);
  EXPECT_EQ(p1, p2);
}

TEST_F(Loops, NonFiniteGradientAnywhereIsSeen) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{16384}, kLength - 1}) {
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
      std::vector<float> g = a, p = c, m(kLength), v(kLength);
      g[at] = bad;
      EXPECT_FALSE(adamw_is_finite({}, 1, {{of(g)}, {1}}, of(p), of(m), of(v), 1)) << at;
      EXPECT_FALSE(all_finite(of(g)));
    }
  }
  EXPECT_TRUE(all_finite(of(a)));
}

TEST_F(Loops, SumsOfNoRowsOrTooManyAreRefused) {
  EXPECT_THROW(gradient_step(0.1, 0, {}, of(c), of(a), 1), Error);
  EXPECT_THROW(gradient_step(0.1, 0, {{of(a), of(a), of(a)}, {1, 1, 1}}, of(c), of(b), 1), Error);
}

TEST_F(Loops, TensorsThatDoNotGoTogetherAreRefused) {
  std::vector<double> d(kLength);
  std::vector<float> shorter(kLength - 1);
  EXPECT_THROW(offset(of(a), 1, of(shorter), of(b), 1), Error);
  EXPECT_THROW(gradient_step(0.1, 0, {{of(d)}, {1}}, of(c), of(b), 1), Error);
  EXPECT_THROW(all_finite(of(a).view({1, -1})), Error);
}

}  // namespace
}  // namespace mtlgrid

// The inside of self-attention: tiles against blocks.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/trainer/kernels/tensors.h"
#include "trainer/kernels/products.h"
#include "trainer/network/self_attention_blocks.h"
#include "trainer/network/self_attention_tiles.h"

namespace mtlgrid {
namespace {

using testing::largest_difference;

at::Tensor doubles(const at::Tensor& t) { return t.to(at::kDouble); }

// Tiles of float32 and blocks of ATen's operations in double: F = 2, K = 2.
struct Attended {
  at::Tensor out, gradient;
};

class Attention : public ::testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  static constexpr std::int64_t kHeads = 2, kD = 16;
  void SetUp() override {
    if (!has_kernels()) GTEST_SKIP() << "this processor has none of oneDNN's kernels: tiles are not used";
    n = std::get<0>(GetParam());
    masked = std::get<1>(GetParam());
    qkv = at::randn({2, n, 3 * kD});
    bias = at::randn({2, 1, 3 * kD});
    g = at::randn({2, 2 * n, kD});
  }
  AttentionMask mask(at::ScalarType type) const {
    if (!masked) return {};
    return {DropoutFill(RandomStream(3, "mask"), 0.2), kHeads, n, at::empty({0}, at::TensorOptions().dtype(type))};
  }
  Attended by_blocks(std::int64_t rows) const {
    AttendSaved saved;
    const at::Tensor out = blocks::attend(doubles(qkv), doubles(bias), kHeads, mask(at::kDouble), rows, saved);
    return {out, blocks::attend_backward(saved, doubles(g), rows)};
  }
  Attended by_tiles() const {
    AttendSaved saved;
    const at::Tensor out = tiles::attend(qkv, bias, kHeads, mask(at::kFloat), saved);
    return {out, tiles::attend_backward(saved, g)};
  }
  std::int64_t n = 0;
  bool masked = false;
  at::Tensor qkv, bias, g;
};

TEST_P(Attention, TilesComputeWhatBlocksDo) {
  const Attended tiled = by_tiles(), block = by_blocks(n);
  EXPECT_LT(largest_difference(doubles(tiled.out), block.out), 2e-5);
  EXPECT_LT(largest_difference(doubles(tiled.gradient), block.gradient), 2e-5 * std::sqrt(static_cast<double>(n)));
}

TEST_P(Attention, BlocksOfAnyHeightAgree) {
  const Attended whole = by_blocks(n), narrow = by_blocks(std::max<std::int64_t>(1, n / 3));
  EXPECT_LT(largest_difference(whole.out, narrow.out), 1e-13);
  EXPECT_LT(largest_difference(whole.gradient, narrow.gradient), 1e-11);
}

TEST_P(Attention, ThreadsChangeNoBitOfTiles) {
  at::set_num_threads(1);
  const Attended one = by_tiles();
  at::set_num_threads(3);
  const Attended three = by_tiles();
  at::set_num_threads(1);
  EXPECT_EQ(largest_difference(one.out, three.out), 0);
  EXPECT_EQ(largest_difference(one.gradient, three.gradient), 0);
}

TEST_P(Attention, HugeScoresDoNotOverflowAndNaNsStay) {
  qkv.mul_(20);  // scores of thousands
  EXPECT_LT(largest_difference(doubles(by_tiles().out), by_blocks(n).out), 1e-2);
  qkv[0][n - 1][kD].fill_(std::numeric_limits<float>::quiet_NaN());  // a key: it reaches every row of its head
  EXPECT_TRUE(at::isnan(by_tiles().out[0].narrow(1, 0, kD / kHeads)).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Sizes, Attention,
                         ::testing::Combine(::testing::Values(1, 2, 15, 16, 63, 65, 130, 513, 1100),
                                            ::testing::Bool()));

}  // namespace
}  // namespace mtlgrid

// The network's parameters: their places, their initial values, and the streams that those come from.
#include "trainer/contract/parameters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/errors.h"
#include "trainer/contract/streams.h"

namespace mtlgrid {
namespace {

TEST(Streams, NamesLeaveTheMethodOut) {
  EXPECT_EQ(GroupStreams::name({"MSI", "LF", "autol+cagrad", 3}, "dropout"), "MSI/LF/3/dropout");
  const GroupStreams a(1, {"MSI", "LF", "dwa", 3}), b(1, {"MSI", "LF", "baseline", 3}), c(1, {"MSI", "LF", "dwa", 4});
  EXPECT_EQ(a.order.permutation(50), b.order.permutation(50));
  EXPECT_NE(a.order.permutation(50), c.order.permutation(50));
  EXPECT_NE(a.order.permutation(50), a.meta.permutation(50));
}

class Parameters : public ::testing::Test {
 protected:
  Parameters() : layout(make_layout({}, 768, "is.MSIH", "LF")), row(static_cast<std::size_t>(layout.total)) {
    initialise(layout, RandomStream(1, "weights"), row);
    for (const ParameterSpec& p : layout.parameters) by_name[p.name] = p;
  }
  std::span<const float> values(const std::string& name) const {
    const ParameterSpec& p = by_name.at(name);
    return std::span(row).subspan(static_cast<std::size_t>(p.offset), static_cast<std::size_t>(p.size));
  }
  // Uniform in +-bound: extremes near the bounds, mean near 0.
  void expect_uniform(const std::string& name, double bound) const {
    double low = 1, high = -1, sum = 0;
    for (float x : values(name)) {
      low = std::min<double>(low, x);
      high = std::max<double>(high, x);
      sum += x;
    }
    const auto n = static_cast<double>(values(name).size());
    EXPECT_GE(low, -bound) << name;
    EXPECT_LE(high, bound) << name;
    EXPECT_NEAR(low, -bound, 20 * bound / n) << name;
    EXPECT_NEAR(high, bound, 20 * bound / n) << name;
    EXPECT_NEAR(sum / n, 0, 5 * bound / std::sqrt(3 * n)) << name;
  }
  ParameterLayout layout;
  std::vector<float> row;
  std::map<std::string, ParameterSpec> by_name;
};

TEST_F(Parameters, AreThoseOfThePaper) {
  EXPECT_EQ(layout.total, 6216963);  // "about 6.2 million"; PyTorch's count of the reference module
  EXPECT_EQ(layout.total - layout.shared, 2 * 384 + 2 * 384 + 2 + 384 + 1);
  EXPECT_EQ(layout.total - layout.classification, 384 + 384 + 1);
  EXPECT_EQ(by_name.at("transformer_decoder.layers.1.multihead_attn.in_proj_weight").shape,
            (std::vector<std::int64_t>{1152, 384}));
  EXPECT_TRUE(by_name.contains("class_tokens.is_MSIH"));
  EXPECT_TRUE(by_name.contains("head_regr.LF.bias"));
}

TEST_F(Parameters, StartAsPyTorchsModules) {
  expect_uniform("projector.0.weight", 1 / std::sqrt(768.0));
  expect_uniform("projector.0.bias", 1 / std::sqrt(768.0));
  expect_uniform("transformer_encoder.layers.0.self_attn.in_proj_weight", std::sqrt(6.0 / (4 * 384)));
  expect_uniform("transformer_encoder.layers.0.self_attn.out_proj.weight", 1 / std::sqrt(384.0));
  expect_uniform("transformer_decoder.layers.0.linear2.weight", 1 / std::sqrt(768.0));
  expect_uniform("head_class.is_MSIH.weight", 1 / std::sqrt(384.0));
  for (float x : values("transformer_encoder.layers.0.self_attn.in_proj_bias")) EXPECT_EQ(x, 0);
  for (float x : values("transformer_decoder.layers.1.norm3.weight")) EXPECT_EQ(x, 1);
  for (float x : values("class_tokens.LF")) EXPECT_TRUE(x >= 0 && x < 1);
}

TEST_F(Parameters, LayersOfAStackStartIdenticalAndStacksDiffer) {
  const auto same = [&](const std::string& a, const std::string& b) {
    const auto x = values(a), y = values(b);
    return std::equal(x.begin(), x.end(), y.begin(), y.end());
  };
  EXPECT_TRUE(same("transformer_encoder.layers.0.linear1.weight", "transformer_encoder.layers.1.linear1.weight"));
  EXPECT_TRUE(same("transformer_decoder.layers.0.multihead_attn.in_proj_weight",
                   "transformer_decoder.layers.1.multihead_attn.in_proj_weight"));
  EXPECT_FALSE(same("transformer_encoder.layers.0.linear1.weight", "transformer_decoder.layers.0.linear1.weight"));
  EXPECT_FALSE(same("transformer_decoder.layers.0.self_attn.in_proj_weight",
                    "transformer_decoder.layers.0.multihead_attn.in_proj_weight"));
}

TEST(Layout, ImpossibleSizesAreRefused) {
  EXPECT_THROW(make_layout({.d_model = 10, .heads = 3}, 8, "a", "b"), Error);
  EXPECT_THROW(make_layout({.d_model = 0}, 8, "a", "b"), Error);
  EXPECT_THROW(make_layout({}, 0, "a", "b"), Error);
}

}  // namespace
}  // namespace mtlgrid

#include "trainer/network/model.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/trainer/network/gradient_rows.h"
#include "trainer/training/losses.h"

namespace mtlgrid {
namespace {

using testing::GradientRows;
using testing::largest_difference;
using testing::output_rows;
using testing::OutputRows;
using testing::tensor;

class Model : public ::testing::Test {
 protected:
  Model() : settings{.d_model = 12, .heads = 3, .ff = 10, .encoder_layers = 2, .decoder_layers = 2, .dropout = 0.3} {
    at::set_num_threads(1);  // tiny tensors: threads only wait for each other
    layout = make_layout(settings, 7, "cls", "reg");
  }
  // Random parameters of `members` networks.
  at::Tensor parameters(std::int64_t members, at::ScalarType type) const {
    std::mt19937 engine(5);
    std::normal_distribution<double> normal(0, 0.3);
    std::vector<double> values(static_cast<std::size_t>(members * layout.total));
    for (double& x : values) x = normal(engine);
    return tensor(values, {members, layout.total}).to(type);
  }
  at::Tensor bag(std::int64_t tiles, at::ScalarType type) const {
    std::mt19937 engine(6);
    std::normal_distribution<double> normal;
    std::vector<double> values(static_cast<std::size_t>(tiles * 7));
    for (double& x : values) x = normal(engine);
    return tensor(values, {tiles, 7}).to(type);
  }
  DropoutMasks masks(const at::Tensor& like) const { return {RandomStream(1337, "dropout"), settings.dropout, like}; }

  ModelSettings settings;
  ParameterLayout layout;
};

TEST_F(Model, GradientsUnderDropoutAreThoseOfFiniteDifferences) {
  const at::Tensor flat = parameters(1, at::kDouble), x = bag(5, at::kDouble);
  const DropoutMasks m = masks(flat);
  const ForwardPass pass = forward(make_views(layout, settings, flat), settings, x, true, &m);
  GradientRows rows(layout, settings, 2, at::kDouble);
  const OutputRows g = output_rows(pass, 1, 0.3);
  backward(make_views(layout, settings, flat), pass, g.logits, g.regression, rows.view);
  const double h = 1e-6;
  for (const ParameterSpec& p : layout.parameters) {
    for (std::int64_t i = p.offset; i < p.offset + p.size; i += 1 + p.size / 5) {
      TaskLosses at_sign[2];
      for (int sign = 0; sign < 2; ++sign) {
        const at::Tensor moved = flat.clone();
        moved.data_ptr<double>()[i] += sign == 0 ? h : -h;
        at_sign[sign] = task_losses(forward(make_views(layout, settings, moved), settings, x, true, &m), 1, 0.3);
      }
      for (std::int64_t k = 0; k < 2; ++k) {
        const double slope =
            (at_sign[0][static_cast<std::size_t>(k)] - at_sign[1][static_cast<std::size_t>(k)]) / (2 * h);
        EXPECT_NEAR(rows.flat[k][i].item<double>(), slope, 1e-6 * (1 + std::abs(slope)))
            << p.name << "[" << i - p.offset << "]";
      }
    }
  }
}

TEST_F(Model, StackedMembersComputeWhatEachComputesAlone) {
  const at::Tensor flat = parameters(3, at::kDouble), x = bag(4, at::kDouble);
  const DropoutMasks m = masks(flat);
  const ModelView view = make_views(layout, settings, flat);
  const ForwardPass pass = forward(view, settings, x, true, &m);
  GradientRows rows(layout, settings, 6, at::kDouble);
  const OutputRows g = output_rows(pass, 0, 0.1);
  backward(view, pass, g.logits, g.regression, rows.view);
  for (std::int64_t f = 0; f < 3; ++f) {
    const ModelView alone = make_views(layout, settings, flat.narrow(0, f, 1));
    const ForwardPass single = forward(alone, settings, x, true, &m);
    EXPECT_LT(largest_difference(single.tokens, pass.tokens.narrow(0, f, 1)), 1e-13);
    GradientRows own(layout, settings, 2, at::kDouble);
    const OutputRows single_g = output_rows(single, 0, 0.1);
    backward(alone, single, single_g.logits, single_g.regression, own.view);
    EXPECT_LT(largest_difference(own.flat, rows.flat.narrow(0, 2 * f, 2)), 1e-12);
  }
}

TEST_F(Model, WeightedRowIsTheWeightedSumOfTaskRows) {
  const at::Tensor flat = parameters(1, at::kDouble), x = bag(3, at::kDouble);
  const ModelView view = make_views(layout, settings, flat);
  const ForwardPass pass = forward(view, settings, x, true, nullptr);
  GradientRows rows(layout, settings, 2, at::kDouble), sum(layout, settings, 1, at::kDouble);
  const OutputRows g = output_rows(pass, 1, 2.0);
  backward(view, pass, g.logits, g.regression, rows.view);
  const at::Tensor w = at::tensor({0.3, 1.7}, at::kDouble).view({1, 2, 1});
  backward(view, pass, (g.logits * w).sum(1, true), (g.regression * w).sum(1, true), sum.view);
  EXPECT_LT(largest_difference(sum.flat[0], 0.3 * rows.flat[0] + 1.7 * rows.flat[1]), 1e-12);
}

TEST_F(Model, RegressionReachesTheClassTokenOnlyThroughTheDecoder) {
  const at::Tensor flat = parameters(1, at::kDouble);
  const ModelView view = make_views(layout, settings, flat);
  const ForwardPass pass = forward(view, settings, bag(3, at::kDouble), true, nullptr);
  GradientRows rows(layout, settings, 2, at::kDouble);
  const OutputRows g = output_rows(pass, 1, 2.0);
  backward(view, pass, g.logits, g.regression, rows.view);
  EXPECT_EQ(rows.view.class_head.weight[1].abs().max().item<double>(), 0);
  EXPECT_EQ(rows.view.regression_head.weight[0].abs().max().item<double>(), 0);
  EXPECT_GT(rows.view.class_token[1].abs().max().item<double>(), 0);
}

TEST_F(Model, BaselineSeesTheJointMethodsMasks) {
  const at::Tensor like = parameters(1, at::kFloat);
  const DropoutMasks m = masks(like);
  EXPECT_EQ(largest_difference(m.decoder_rows(1, DropoutKind::inner, 1, 20)[0],
                               m.decoder_rows(1, DropoutKind::inner, 2, 20)[0]),
            0);
  EXPECT_EQ(largest_difference(m.cross_weights(0, 3, 1, 9).select(1, 0), m.cross_weights(0, 3, 2, 9).select(1, 0)), 0);
  EXPECT_EQ(
      largest_difference(m.decoder_weights(0, 3, 1).rows(0, 1), m.decoder_weights(0, 3, 2).rows(0, 1).narrow(2, 0, 1)),
      0);
  EXPECT_GT(largest_difference(m.decoder_rows(1, DropoutKind::inner, 2, 20)[0],
                               m.decoder_rows(1, DropoutKind::inner, 2, 20)[1]),
            0);
}

TEST_F(Model, PlacesAndLayersHaveTheirOwnMasks) {
  const DropoutMasks m = masks(parameters(1, at::kFloat));
  const at::Tensor first = m.encoder_rows(0, DropoutKind::attention, 8, 12);
  EXPECT_GT(largest_difference(first, m.encoder_rows(0, DropoutKind::outer, 8, 12)), 0);
  EXPECT_GT(largest_difference(first, m.encoder_rows(1, DropoutKind::attention, 8, 12)), 0);
  EXPECT_GT(largest_difference(first, m.decoder_rows(0, DropoutKind::attention, 1, 96).view({8, 12})), 0);
  EXPECT_EQ(largest_difference(first, masks(parameters(1, at::kFloat)).encoder_rows(0, DropoutKind::attention, 8, 12)),
            0);
}

TEST_F(Model, EvaluationUsesNoDropout) {
  const at::Tensor flat = parameters(1, at::kFloat), x = bag(4, at::kFloat);
  const ModelView view = make_views(layout, settings, flat);
  const DropoutMasks m = masks(flat);
  const ForwardPass a = forward(view, settings, x, true, nullptr), b = forward(view, settings, x, true, &m);
  EXPECT_GT(largest_difference(a.tokens, b.tokens), 1e-3);
  EXPECT_EQ(largest_difference(a.tokens, forward(view, settings, x, true, nullptr).tokens), 0);
}

}  // namespace
}  // namespace mtlgrid

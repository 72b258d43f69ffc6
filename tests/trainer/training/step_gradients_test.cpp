// What a step gives an aggregation: as much as its row declares, weighted once.
#include "trainer/training/step_gradients.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "base/philox.h"

namespace mtlgrid {
namespace {

class StepGradientsOf : public ::testing::Test {
 protected:
  StepGradientsOf()
      : layout(make_layout(model, 6, "c", "r")),
        buffers(layout, model, 1, 2, at::TensorOptions().dtype(at::kFloat)),
        size(static_cast<double>(layout.shared)),
        products({4 * size, -6 * size, -6 * size, 9 * size}) {
    buffers.shared.select(0, 0).fill_(2);
    buffers.shared.select(0, 1).fill_(-3);
  }
  StepGradients gradients(AggregationInput input) const {
    return StepGradients(buffers, 0, weights, products, input, stream);
  }

  ModelSettings model = {.d_model = 8, .heads = 2, .ff = 8, .encoder_layers = 1, .decoder_layers = 1, .dropout = 0.2};
  ParameterLayout layout;
  GradientRows buffers;
  double size;
  std::vector<double> products, weights = {0.5, 2};
  RandomStream stream = RandomStream(1337, "a test");
};

TEST_F(StepGradientsOf, GramMatrixIsThatOfTheWeightedGradients) {
  const GramMatrix gram = gradients(AggregationInput::gram).gram();
  EXPECT_EQ(gram.values, (std::vector<double>{size, -6 * size, -6 * size, 36 * size}));
}

TEST_F(StepGradientsOf, CoefficientsAreMultipliedByTheWeights) {
  const StepGradients by_gram = gradients(AggregationInput::gram);
  EXPECT_EQ(by_gram.sum_of({{1, 3}, {}}).coefficient, (std::vector<double>{0.5, 6}));
}

TEST_F(StepGradientsOf, RowsAreWeightedOnceAndTheirCoefficientsNotAgain) {
  StepGradients by_rows = gradients(AggregationInput::rows);
  by_rows.rows();
  const at::Tensor rows = by_rows.rows();
  EXPECT_EQ(rows.select(0, 0).max().item<float>(), 1);
  EXPECT_EQ(rows.select(0, 1).max().item<float>(), -6);
  EXPECT_EQ(by_rows.sum_of({{1, 3}, {}}).coefficient, (std::vector<double>{1, 3}));
}

TEST_F(StepGradientsOf, RandomNumbersAreThoseOfTheStreamAtEachCall) {
  StepGradients by_rows = gradients(AggregationInput::rows);
  const at::Tensor uniform = by_rows.uniform();
  EXPECT_TRUE(uniform.equal(by_rows.uniform()));
  std::vector<float> expected(static_cast<std::size_t>(layout.shared));
  fill_uniform(stream, expected);
  const float* found = uniform.const_data_ptr<float>();
  EXPECT_EQ(std::vector<float>(found, found + uniform.numel()), expected);
}

TEST_F(StepGradientsOf, WhatIsNotDeclaredIsNotGiven) {
  EXPECT_THROW(gradients(AggregationInput::weighted_sum).gram(), std::logic_error);
  EXPECT_THROW(gradients(AggregationInput::gram).rows(), std::logic_error);
}

TEST_F(StepGradientsOf, NeitherAGradientNorACoefficientATaskIsAnError) {
  EXPECT_THROW(gradients(AggregationInput::gram).sum_of({{1}, {}}), std::logic_error);
}

}  // namespace
}  // namespace mtlgrid

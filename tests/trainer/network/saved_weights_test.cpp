// Weights that PyTorch saved (tests/oracle/weights.py) predict as PyTorch does.
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/trainer/formats/oracle_weights.h"
#include "trainer/formats/state_dict.h"
#include "trainer/network/model.h"

namespace mtlgrid {
namespace {

// The largest difference of our network's outputs from PyTorch's in float64, relative to 1 + |value|.
double largest_difference(const testing::OracleWeights& oracle, at::ScalarType type) {
  std::vector<double> values = read_state_dict(oracle.state_dict(), oracle.layout);
  const at::Tensor flat = at::from_blob(values.data(), {1, oracle.layout.total}, at::kDouble).to(type);
  double largest = 0;
  int compared = 0;
  const auto compare = [&](double ours, double theirs) {
    EXPECT_TRUE(std::isfinite(ours));
    largest = std::max(largest, std::abs(ours - theirs) / (1 + std::abs(theirs)));
    ++compared;
  };
  for (const auto& c : oracle.index["cases"]) {
    std::vector<double> numbers;
    for (const auto& row : c["bag"]) numbers.insert(numbers.end(), row.begin(), row.end());
    const at::Tensor bag =
        at::from_blob(numbers.data(), {static_cast<std::int64_t>(c["bag"].size()), oracle.width}, at::kDouble).to(type);
    for (const auto& expected : c["outputs"]) {
      const bool joint = expected["joint"];
      const ForwardPass pass =
          forward(make_views(oracle.layout, oracle.model, flat), oracle.model, bag, joint, nullptr);
      const double log_odds = pass.logits[0][0][1].item<double>() - pass.logits[0][0][0].item<double>();
      compare(log_odds, expected["log_odds"]);
      compare(1 / (1 + std::exp(-log_odds)), expected["score"]);
      if (joint) compare(pass.regression.item<double>(), expected["regression"]);
      const at::Tensor embedding = pass.tokens[0][0].to(at::kDouble);
      for (std::size_t i = 0; i < expected["embedding"].size(); ++i) {
        compare(embedding[static_cast<std::int64_t>(i)].item<double>(), expected["embedding"][i]);
      }
    }
  }
  EXPECT_EQ(compared, 3 * (15 + 14));  // 3 bags; joint, and baseline without regression
  return largest;
}

TEST(SavedWeights, OfPyTorchPredictAsPyTorchDoes) {
  const testing::OracleWeights oracle;
  EXPECT_LT(largest_difference(oracle, at::kDouble), 1e-12);
  EXPECT_LT(largest_difference(oracle, at::kFloat), 1e-5);
}

}  // namespace
}  // namespace mtlgrid

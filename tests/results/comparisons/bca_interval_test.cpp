#include "results/comparisons/bca_interval.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/errors.h"
#include "results/metrics/quantile.h"
#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

TEST(BcaIntervalTest, AgreesWithScipy) {
  ASSERT_EQ(comparisons("bca").size(), 3u);
  for (const auto& c : comparisons("bca")) {
    const std::string name = c.at("name");
    const BcaInterval found = bca_interval(c.at("estimate"), c.at("replicates").get<Values>(),
                                           c.at("jackknife").get<Values>(), c.at("confidence"));
    EXPECT_EQ(found.reason, "") << name;
    expect_relative(found.low, c.at("interval")[0], name + ": low");
    expect_relative(found.high, c.at("interval")[1], name + ": high");
  }
}

// Replicates symmetric about the estimate and a symmetric jackknife correct nothing.
TEST(BcaIntervalTest, IsThePercentileIntervalWithoutBiasAndAcceleration) {
  Values replicates;
  for (int i = -50; i <= 50; ++i) replicates.push_back(i);
  const BcaInterval found = bca_interval(0, replicates, Values{-1, 0, 1}, 0.9);
  EXPECT_EQ(found.acceleration, 0);
  EXPECT_NEAR(found.bias_correction, 0, 1e-15);
  EXPECT_NEAR(found.low, quantile(replicates, 0.05), 1e-12);
  EXPECT_NEAR(found.high, quantile(replicates, 0.95), 1e-12);
}

TEST(BcaIntervalTest, MovesAgainstTheBias) {
  Values replicates;
  for (int i = 0; i < 100; ++i) replicates.push_back(i);
  const BcaInterval high = bca_interval(20, replicates, Values{-1, 0, 1}, 0.9);
  EXPECT_LT(high.bias_correction, 0);  // most replicates are above the estimate
  EXPECT_LT(high.high, quantile(replicates, 0.95));
}

TEST(BcaIntervalTest, SaysWhyThereIsNone) {
  const Values replicates = {1, 2, 3}, jackknife = {1, 2, 4};
  EXPECT_EQ(bca_interval(2, Values{}, jackknife, 0.95).reason, "no replicates");
  EXPECT_EQ(bca_interval(0, replicates, jackknife, 0.95).reason, "all replicates on one side of the estimate");
  EXPECT_EQ(bca_interval(4, replicates, jackknife, 0.95).reason, "all replicates on one side of the estimate");
  EXPECT_EQ(bca_interval(2, replicates, Values(3, 1), 0.95).reason, "jackknife values do not vary");
  EXPECT_EQ(bca_interval(2, replicates, Values{}, 0.95).reason, "jackknife values do not vary");
  Values one_apart(30, 1.0);  // acceleration 0.158, with 7.7 as the normal quantile
  one_apart[0] = -10;
  const BcaInterval skewed = bca_interval(2, replicates, one_apart, 1 - 1e-14);
  EXPECT_EQ(skewed.reason, "acceleration too large");
  EXPECT_TRUE(std::isnan(skewed.low));
}

TEST(BcaIntervalTest, RefusesWhatIsNotANumber) {
  const Values good = {1, 2, 4}, bad = {1, kMissing, 4};
  EXPECT_THROW(bca_interval(kMissing, good, good, 0.95), Error);
  EXPECT_THROW(bca_interval(2, bad, good, 0.95), Error);
  EXPECT_THROW(bca_interval(2, good, bad, 0.95), Error);
  EXPECT_THROW(bca_interval(2, good, good, 1), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

#include "results/comparisons/logit_interval.h"

#include <cmath>
#include <stdexcept>

#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

TEST(LogitIntervalTest, AgreesWithScipy) {
  ASSERT_EQ(comparisons("logit").size(), 4u);
  for (const auto& c : comparisons("logit")) {
    const LogitInterval found = logit_interval(c.at("value"), c.at("standard_error"), c.at("confidence"));
    EXPECT_EQ(found.reason, "");
    expect_relative(found.low, c.at("interval")[0], "low");
    expect_relative(found.high, c.at("interval")[1], "high");
  }
}

TEST(LogitIntervalTest, StaysBetween0And1) {
  for (const double value : {1e-6, 0.3, 0.97, 0.999999}) {
    for (const double error : {1e-9, 0.05, 0.5, 1e9}) {
      const LogitInterval found = logit_interval(value, error, 0.95);
      EXPECT_GE(found.low, 0);
      EXPECT_LT(found.low, value);
      EXPECT_GT(found.high, value);
      EXPECT_LE(found.high, 1);
    }
  }
}

TEST(LogitIntervalTest, OfTheComplementIsTheComplement) {
  const LogitInterval a = logit_interval(0.9, 0.04, 0.95), b = logit_interval(0.1, 0.04, 0.95);
  EXPECT_NEAR(a.low, 1 - b.high, 1e-15);
  EXPECT_NEAR(a.high, 1 - b.low, 1e-15);
}

TEST(LogitIntervalTest, SaysWhyThereIsNone) {
  EXPECT_EQ(logit_interval(1, 0.1, 0.95).reason, "value 1");
  EXPECT_EQ(logit_interval(0, 0.1, 0.95).reason, "value 0");
  EXPECT_EQ(logit_interval(0.8, 0, 0.95).reason, "zero variance");
  EXPECT_TRUE(std::isnan(logit_interval(0.8, 0, 0.95).low));
}

TEST(LogitIntervalTest, RefusesOtherNumbers) {
  for (const double value : {-0.1, 1.1, kMissing})
    EXPECT_THROW(logit_interval(value, 0.1, 0.95), std::invalid_argument);
  for (const double error : {-0.1, kMissing, kInfinity}) {
    EXPECT_THROW(logit_interval(0.5, error, 0.95), std::invalid_argument);
  }
  EXPECT_THROW(logit_interval(0.5, 0.1, 1), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

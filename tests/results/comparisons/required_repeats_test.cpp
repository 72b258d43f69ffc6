#include "results/comparisons/required_repeats.h"

#include <stdexcept>

#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

TEST(RequiredRepeats, PowerIsThatOfSimulatedExperiments) {
  ASSERT_EQ(comparisons("power").size(), 3u);
  for (const auto& c : comparisons("power")) {
    const DetectionGoal goal{c.at("difference")};
    const double power = power_of_repeats({c.at("shrinking"), c.at("fixed")}, goal, c.at("repeats"));
    EXPECT_NEAR(power, c.at("found").get<double>(), tolerance("power"));
  }
}

TEST(RequiredRepeats, AreTheFewestWithThePower) {
  for (const double fixed : {0.0, 1e-5, 4e-5, 5e-5}) {
    for (const double shrinking : {1e-6, 1e-4, 1e-3, 0.01}) {
      for (const double power : {0.5, 0.8, 0.95}) {
        const DetectionGoal goal{0.02, power};
        const auto repeats = required_repeats({shrinking, fixed}, goal);
        if (!repeats) {
          EXPECT_LT(power_of_repeats({shrinking, fixed}, goal, 1'000'000'000), power);
          continue;
        }
        EXPECT_GE(power_of_repeats({shrinking, fixed}, goal, *repeats), power - 1e-12);
        if (*repeats > 1) {
          EXPECT_LT(power_of_repeats({shrinking, fixed}, goal, *repeats - 1), power);
        }
      }
    }
  }
}

// (0.02 / (1.95996 + 0.84162))^2 = 5.0963e-5.
TEST(RequiredRepeats, AreNoneWhereTheFixedPartAloneIsTooLarge) {
  EXPECT_FALSE(required_repeats({0.001, 5.0964e-5}, {}));
  EXPECT_TRUE(required_repeats({0.001, 5.0962e-5}, {}));
  EXPECT_FALSE(required_repeats({0, 5.0964e-5}, {}));
  EXPECT_EQ(required_repeats({0, 5.0962e-5}, {}), 1);
  EXPECT_EQ(required_repeats({0, 0}, {}), 1);
  EXPECT_EQ(required_repeats({0.001, 0}, {}), 20);  // 0.001 / 5.0963e-5 = 19.6
  EXPECT_FALSE(required_repeats({1, 0}, {1e-8}));   // 8e16
}

TEST(RequiredRepeats, PowerRisesToThatOfTheFixedPart) {
  const DifferenceVariance variance{0.001, 4e-5};
  double last = 0;
  for (std::int64_t repeats = 1; repeats < 1'000'000; repeats *= 10) {
    const double power = power_of_repeats(variance, {}, repeats);
    EXPECT_GT(power, last);
    last = power;
  }
  EXPECT_LT(last, power_of_repeats({0, 4e-5}, {}, 1));
  EXPECT_EQ(power_of_repeats({0, 0}, {}, 1), 1);
}

TEST(RequiredRepeats, RefuseOtherParameters) {
  EXPECT_THROW(required_repeats({-1, 0}, {}), std::invalid_argument);
  EXPECT_THROW(required_repeats({1, -1}, {}), std::invalid_argument);
  EXPECT_THROW(required_repeats({kInfinity, 0}, {}), std::invalid_argument);
  EXPECT_THROW(required_repeats({1, 0}, {0}), std::invalid_argument);
  EXPECT_THROW(required_repeats({1, 0}, {-0.02}), std::invalid_argument);
  EXPECT_THROW(required_repeats({1, 0}, {0.02, 1}), std::invalid_argument);
  EXPECT_THROW(required_repeats({1, 0}, {0.02, 0.02}), std::invalid_argument);  // below level / 2
  EXPECT_THROW(required_repeats({1, 0}, {0.02, 0.8, 0}), std::invalid_argument);
  EXPECT_THROW(power_of_repeats({1, 0}, {}, 0), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

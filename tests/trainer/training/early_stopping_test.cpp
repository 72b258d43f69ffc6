#include "trainer/training/early_stopping.h"

#include <gtest/gtest.h>

#include "balancers/methods/protocol.h"
#include "tests/oracle/oracle.h"

namespace mtlgrid {
namespace {

// Feeds a curve; the epoch after which training ends (the curve's length if it never does) and the best epoch.
std::pair<int, int> stops(const std::vector<double>& curve, int patience) {
  EarlyStopping stopping;
  int epoch = 0;
  for (double value : curve) {
    stopping.improved(++epoch, value);
    if (stopping.exhausted(epoch, patience)) break;
  }
  return {epoch, stopping.best_epoch};
}

TEST(EarlyStoppingTest, FollowsTheLoopsOfPaperAndReleasedCode) {
  const auto& oracle = oracle_file("optimiser.json");
  ASSERT_GT(oracle["early_stopping"].size(), 80u);
  for (const auto& c : oracle["early_stopping"]) {
    const auto curve = c["curve"].get<std::vector<double>>();
    const int patience = c["patience"];
    EXPECT_EQ(stops(curve, patience), (c["paper"].get<std::pair<int, int>>())) << c;
    EXPECT_EQ(stops(curve, patience + Protocol::released_code().extra_patience),
              (c["released"].get<std::pair<int, int>>()))
        << c;
  }
}

TEST(EarlyStoppingTest, EndsAfterPatienceEpochsWithoutADecrease) {
  EXPECT_EQ(stops({3, 2, 1, 2, 2, 2, 2, 2, 2, 2, 0.5}, 7), (std::pair{10, 3}));
  EXPECT_EQ(stops({3, 2, 1, 2, 2, 2, 2, 2, 2, 2, 0.5}, 8), (std::pair{11, 11}));  // the released code's off-by-one
}

TEST(EarlyStoppingTest, EqualValueIsNoDecreaseAndKeepsTheFirst) {
  EXPECT_EQ(stops({1, 1, 1, 1}, 2), (std::pair{3, 1}));
}

TEST(EarlyStoppingTest, FallingCurveNeverEnds) { EXPECT_EQ(stops({5, 4, 3, 2, 1}, 1), (std::pair{5, 5})); }

TEST(EarlyStoppingTest, RisingCurveKeepsTheFirstEpoch) { EXPECT_EQ(stops({1, 2, 3, 4, 5}, 3), (std::pair{4, 1})); }

}  // namespace
}  // namespace mtlgrid

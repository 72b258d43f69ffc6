#include "orchestrator/durations/run_forecast.h"

#include <gtest/gtest.h>

namespace mtlgrid {
namespace {

TEST(RunForecast, KnowsNothingOfUnitsBeforeItHasSeenSome) {
  EXPECT_EQ(RunForecast(false).seconds_per_cost(), std::nullopt);
  EXPECT_EQ(RunForecast(true).seconds_per_cost(), 1);
}

TEST(RunForecast, PartsOfCellsCountUntilOneIsDone) {
  RunForecast forecast(false);
  forecast.advanced(10, 0.5, 20);
  EXPECT_NEAR(forecast.seconds_per_cost().value(), 4, 1e-12);
  forecast.done(10, 15);
  EXPECT_NEAR(forecast.seconds_per_cost().value(), 1.5, 1e-12);
}

TEST(RunForecast, FollowsAMachineThatGetsSlower) {
  RunForecast forecast(true);
  for (int i = 0; i < 200; ++i) forecast.done(10, 10);
  for (int i = 0; i < 60; ++i) forecast.done(10, 20);
  EXPECT_GT(forecast.seconds_per_cost().value(), 1.8);
}

TEST(RunForecast, RemainderGoesByTheClockOnceLengthsAreKnown) {
  RunForecast forecast(true);
  EXPECT_NEAR(forecast.remainder(100, 0.25, 1000), 75, 1e-12) << "by epochs";
  forecast.done(100, 200);  // two seconds a unit
  EXPECT_NEAR(forecast.remainder(100, 0.1, 100), 50, 1e-12)
      << "100 s are half of it, though a tenth of its epochs: it will stop early";
  EXPECT_NEAR(forecast.remainder(100, 0.1, 900), 10, 1e-12) << "longer than expected: not over this moment";
  EXPECT_NEAR(forecast.remainder(100, 0.95, 0), 5, 1e-9) << "never more than by epochs";
}

}  // namespace
}  // namespace mtlgrid

#include "balancers/weightings/dwa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "tests/balancers/weightings/weightings.h"

namespace mtlgrid {
namespace {

void run_epoch(LossWeighting& w, const Rows& losses) {
  for (const Vector& step : losses) w.step_done(step, 1e-4);
  w.epoch_done();
}

TEST(Dwa, FollowsThePaperOverEpochs) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make("dwa", false, 3);
  for (std::size_t t = 0; t < data.at("epoch_losses").size(); ++t) {
    expect_near(w->weights(), data.at("dwa")[t], 1e-12);
    run_epoch(*w, data.at("epoch_losses")[t]);
  }
}

TEST(Dwa, FollowsTheReleasedCodesShiftedHistory) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make("dwa", true, 3);
  for (std::size_t t = 0; t < data.at("epoch_losses").size(); ++t) {
    expect_near(w->weights(), data.at("dwa_released")[t], 1e-12);
    run_epoch(*w, data.at("epoch_losses")[t]);
  }
}

TEST(Dwa, ShiftedHistoryStartsFromTheClassificationsMean) {
  auto w = make("dwa", true);
  for (int epoch = 0; epoch < 2; ++epoch) {  // m_0 = 2, 3; m_1 = 3/2 + 10/2, 3/2 + 20/2
    const double shift = 10.0 * (epoch + 1);
    run_epoch(*w, {{2.0 + epoch, 7}, {4.0 - epoch, shift}});
  }
  const double r0 = 1, r1 = (1.5 + 10) / (1.5 + 5);
  const double e0 = std::exp(r0 / 2), e1 = std::exp(r1 / 2);
  expect_near(w->weights(), {2 * e0 / (e0 + e1), 2 * e1 / (e0 + e1)}, 1e-12);
}

TEST(Dwa, WeightsSumToTheNumberOfTasks) {
  auto w = make("dwa", false, 4);
  run_epoch(*w, {{1, 2, 3, 4}});
  run_epoch(*w, {{4, 3, 2, 1}});
  const Vector values = w->weights();
  EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), 4, 1e-12);
  EXPECT_GT(values[0], values[3]);  // its loss grew: it gets more
}

TEST(Dwa, LossesThatReachZeroGiveFiniteWeights) {
  auto w = make("dwa", false, 3);
  run_epoch(*w, {{0, 0, 1}});
  run_epoch(*w, {{0, 1, 1}});
  EXPECT_EQ(w->weights(), (Vector{0, 3, 0}));  // only task 1 grew beyond all bounds
  run_epoch(*w, {{0, 1, 0}});
  const double one = std::exp(0.5);
  expect_near(w->weights(), {3 * one / (2 * one + 1), 3 * one / (2 * one + 1), 3 / (2 * one + 1)}, 1e-12);
}

TEST(Dwa, EpochWithoutAStepChangesNothing) {
  auto w = make("dwa");
  run_epoch(*w, {{1, 2}});
  run_epoch(*w, {{2, 2}});
  const Vector before = w->weights();
  w->epoch_done();
  EXPECT_EQ(w->weights(), before);
}

}  // namespace
}  // namespace mtlgrid

#include "balancers/weightings/uncertainty.h"

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

TEST(Uncertainty, FollowsAutogradAndTheNetworksOptimiser) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make("uncert");
  expect_near(w->weights(), Vector(2, std::exp(0.7) / 2), 1e-15);
  for (std::size_t t = 0; t < data.at("losses").size(); ++t) {
    w->step_done(data.at("losses")[t].get<Vector>(), data.at("rates")[t]);
    Vector expected;
    for (double s : data.at("s")[t].get<Vector>()) expected.push_back(1 / (2 * std::exp(s)));
    expect_near(w->weights(), expected, 1e-13);
  }
}

TEST(Uncertainty, StaysWhereTheReleasedCodeLeavesIt) {
  auto w = make("uncert", true);
  for (int step = 0; step < 10; ++step) w->step_done(Vector{5, 0.1}, 0.1);
  expect_near(w->weights(), Vector(2, std::exp(0.7) / 2), 1e-15);
}

// l = L / (2 e^s) + s / 2 is least at e^s = L, where the weight is 1 / (2 L).
TEST(Uncertainty, SettlesAtTheVarianceOfAConstantLoss) {
  auto w = make("uncert");
  for (int step = 0; step < 20000; ++step) w->step_done(Vector{0.25, 2}, 1e-3);
  expect_near(w->weights(), {2, 0.25}, 1e-3);
}

}  // namespace
}  // namespace mtlgrid

#include "balancers/weightings/auto_lambda.h"

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

TEST(AutoLambda, FollowsAdamWithoutDecay) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make("autol");
  EXPECT_EQ(w->weights(), Vector(2, 0.1));
  for (std::size_t t = 0; t < data.at("meta_gradients").size(); ++t) {
    w->meta_step(data.at("meta_gradients")[t].get<Vector>());
    expect_near(w->weights(), data.at("lambda")[t], 1e-15);
  }
}

TEST(AutoLambda, DecaysAsTheReleasedCodesOptimiser) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make("autol", true);
  for (std::size_t t = 0; t < data.at("meta_gradients").size(); ++t) {
    w->meta_step(data.at("meta_gradients")[t].get<Vector>());
    expect_near(w->weights(), data.at("lambda_released")[t], 1e-15);
  }
}

TEST(AutoLambda, HasNoSignConstraint) {
  auto w = make("autol");
  for (int step = 0; step < 1500; ++step) w->meta_step(Vector{1, -1});
  EXPECT_LT(w->weights()[0], 0);
  EXPECT_GT(w->weights()[1], 0.2);
}

TEST(AutoLambda, NonFiniteMetaGradientNamesTheTaskAndChangesNothing) {
  auto w = make("autol");
  const nlohmann::json before = w->save();
  try {
    w->meta_step(Vector{0, std::numeric_limits<double>::quiet_NaN()});
    FAIL() << "no exception";
  } catch (const std::domain_error& e) {
    EXPECT_NE(std::string(e.what()).find("task 1"), std::string::npos) << e.what();
  }
  EXPECT_EQ(w->save(), before);
  EXPECT_THROW(w->meta_step(Vector{0}), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

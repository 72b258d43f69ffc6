#include "orchestrator/log_effects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace mtlgrid {
namespace {

struct Observation {
  LogEffects::Levels levels;
  double y;
};

// Every combination of 1 x 6 x 4 levels, 5 times: 0.8 + effect of the second + effect of the third + noise.
constexpr double kSecond[] = {0.3, -0.2, 0.1, 0, -0.4, 0.2}, kThird[] = {-0.5, 0.5, 0.1, -0.1};
std::vector<Observation> observations(double noise) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, noise);
  std::vector<Observation> all;
  for (int round = 0; round < 5; ++round) {
    for (int second = 0; second < 6; ++second) {
      for (int third = 0; third < 4; ++third) {
        all.push_back({{0, second, third}, 0.8 + kSecond[second] + kThird[third] + normal(random)});
      }
    }
  }
  return all;
}

LogEffects model() { return LogEffects({{1, 1.0}, {6, 0.3}, {4, 0.4}}, 0.3); }

LogEffects fitted(const std::vector<Observation>& all) {
  LogEffects effects = model();
  for (const Observation& o : all) effects.add(o.levels, o.y);
  return effects;
}

TEST(LogEffects, KnownEffectsAreFoundAgain) {
  const LogEffects effects = fitted(observations(0.05));
  for (int second = 0; second < 6; ++second) {
    for (int third = 0; third < 4; ++third) {
      EXPECT_NEAR(effects.mean({0, second, third}), 0.8 + kSecond[second] + kThird[third], 0.05);
    }
  }
}

TEST(LogEffects, NoiseIsFoundAgain) {
  EXPECT_NEAR(fitted(observations(0.05)).noise(), 0.05, 0.03) << "with 4 observations' worth of the guess 0.3";
  EXPECT_NEAR(fitted(observations(0.6)).noise(), 0.6, 0.06);
}

TEST(LogEffects, CombinationsThatWereNeverSeenFollowFromTheirLevels) {
  std::vector<Observation> all = observations(0.05);
  std::erase_if(all, [](const Observation& o) { return o.levels[1] == 2 && o.levels[2] == 3; });
  EXPECT_NEAR(fitted(all).mean({0, 2, 3}), 0.8 + kSecond[2] + kThird[3], 0.05);
}

TEST(LogEffects, NothingSeenIsTheGuess) {
  const LogEffects effects = model();
  EXPECT_EQ(effects.mean({0, 1, 1}), 0);
  EXPECT_NEAR(effects.variance({0, 1, 1}), 1.0 + 0.09 + 0.16 + 0.09, 1e-12);
}

// One observation of y: its own levels get y * prior variance / (prior variance + noise), others what they share.
TEST(LogEffects, OneObservationCountsInPart) {
  LogEffects effects({{1, 1.0}, {6, 0.3}, {4, 0.4}}, 0.3);
  effects.add({0, 0, 0}, 1);
  const double noise = effects.noise() * effects.noise(), all = 1.0 + 0.09 + 0.16 + noise;
  EXPECT_NEAR(effects.mean({0, 0, 0}), 1.25 / all, 1e-3);
  EXPECT_NEAR(effects.mean({0, 1, 1}), 1.0 / all, 1e-3);
  EXPECT_LT(effects.variance({0, 0, 0}), effects.variance({0, 1, 1}));
  EXPECT_LT(effects.variance({0, 1, 1}), model().variance({0, 1, 1}));
}

TEST(LogEffects, OrderChangesNoBit) {
  std::vector<Observation> all = observations(0.4);
  const LogEffects one = fitted(all);
  std::shuffle(all.begin(), all.end(), std::mt19937(5));
  const LogEffects other = fitted(all);
  for (int second = 0; second < 6; ++second) {
    EXPECT_EQ(one.mean({0, second, 1}), other.mean({0, second, 1}));
    EXPECT_EQ(one.variance({0, second, 1}), other.variance({0, second, 1}));
  }
  EXPECT_EQ(one.noise(), other.noise());
}

TEST(LogEffects, DrawsHaveTheMeanAndSpreadThatAreBelieved) {
  std::vector<Observation> few = observations(0.3);
  few.resize(7);
  const LogEffects effects = fitted(few);
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  const LogEffects::Levels levels = {0, 2, 3};
  double sum = 0, squares = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    const double y = effects.sum(effects.draw([&] { return normal(random); }), levels);
    sum += y;
    squares += y * y;
  }
  const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
  EXPECT_NEAR(mean, effects.mean(levels), 0.02);
  EXPECT_NEAR(variance / (effects.variance(levels) - effects.noise() * effects.noise()), 1, 0.05);
}

TEST(LogEffects, WhatIsNoLengthIsTakenForTheLimit) {
  LogEffects effects = model();
  effects.add({0, 0, 0}, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isfinite(effects.mean({0, 0, 0})));
}

}  // namespace
}  // namespace mtlgrid

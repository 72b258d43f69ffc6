#include "orchestrator/durations/log_effects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "base/errors.h"

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

// Ridge regression with all columns at once, by elimination.
struct Ridge {
  std::vector<double> effects;
  std::vector<std::vector<double>> covariance;
};
Ridge ridge(const std::vector<Observation>& all, const std::vector<LogEffects::Factor>& factors, double noise) {
  std::vector<std::size_t> first;
  std::vector<std::vector<double>> rows;  // C^-1, X'y / noise^2 and the unit matrix
  for (const LogEffects::Factor& factor : factors) {
    first.push_back(rows.size());
    for (int level = 0; level < factor.levels; ++level) rows.push_back({1 / (factor.spread * factor.spread)});
  }
  const std::size_t p = rows.size();
  for (std::size_t i = 0; i < p; ++i) {
    std::vector<double> row(2 * p + 1);
    row[i] = rows[i][0];
    row[p + 1 + i] = 1;
    rows[i] = row;
  }
  for (const Observation& o : all) {
    for (std::size_t f = 0; f < factors.size(); ++f) {
      std::vector<double>& row = rows[first[f] + static_cast<std::size_t>(o.levels[f])];
      row[p] += o.y / (noise * noise);
      for (std::size_t g = 0; g < factors.size(); ++g) {
        row[first[g] + static_cast<std::size_t>(o.levels[g])] += 1 / (noise * noise);
      }
    }
  }
  for (std::size_t i = 0; i < p; ++i) {
    const double pivot = rows[i][i];
    for (double& x : rows[i]) x /= pivot;
    for (std::size_t other = 0; other < p; ++other) {
      const double factor = rows[other][i];
      if (other == i) continue;
      for (std::size_t k = 0; k < rows[i].size(); ++k) rows[other][k] -= factor * rows[i][k];
    }
  }
  Ridge result;
  for (const auto& row : rows) {
    result.effects.push_back(row[p]);
    result.covariance.emplace_back(row.begin() + static_cast<std::ptrdiff_t>(p) + 1, row.end());
  }
  return result;
}

// Six methods, three pairs, and four folds of each pair as the last factor; some are never seen. Whether the model
// knows that folds are nested in pairs changes the way and not the result.
class RidgeRegression : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Nested, RidgeRegression, ::testing::Bool());
TEST_P(RidgeRegression, HasTheSameEffects) {
  const std::vector<LogEffects::Factor> factors = {{1, 1.0}, {6, 0.3}, {3, 0.2}, {12, 0.5, GetParam()}};
  std::vector<Observation> all;
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  LogEffects effects(factors, 0.3);
  for (int i = 0; i < 40; ++i) {
    const int pair = static_cast<int>(random() % 3), fold = static_cast<int>(random() % 3);
    all.push_back({{0, static_cast<int>(random() % 5), pair, 4 * pair + fold}, 0.5 + normal(random)});
    effects.add(all.back().levels, all.back().y);
  }
  const double noise = effects.noise();
  const Ridge expected = ridge(all, factors, noise);
  for (int method = 0; method < 6; ++method) {
    for (int group = 0; group < 12; ++group) {
      const LogEffects::Levels levels = {0, method, group / 4, group};
      const std::size_t columns[] = {0, 1 + static_cast<std::size_t>(method), 7 + static_cast<std::size_t>(group / 4),
                                     10 + static_cast<std::size_t>(group)};
      double mean = 0, variance = noise * noise;
      for (const std::size_t i : columns) {
        mean += expected.effects[i];
        for (const std::size_t j : columns) variance += expected.covariance[i][j];
      }
      EXPECT_NEAR(effects.mean(levels), mean, 1e-8);
      EXPECT_NEAR(effects.variance(levels), variance, 1e-8);
    }
  }
}

// The noise that is settled on is one that its own equation gives again.
TEST(LogEffects, NoiseIsThatOfItsEquation) {
  const std::vector<LogEffects::Factor> factors = {{1, 1.0}, {6, 0.3}, {4, 0.4}};
  const std::vector<Observation> all = observations(0.4);
  const double noise = fitted(all).noise();
  const Ridge r = ridge(all, factors, noise);
  double sum = 4 * 0.3 * 0.3;
  for (const Observation& o : all) {
    const std::size_t columns[] = {0, 1 + static_cast<std::size_t>(o.levels[1]),
                                   7 + static_cast<std::size_t>(o.levels[2])};
    double rest = o.y;
    for (const std::size_t i : columns) {
      rest -= r.effects[i];
      for (const std::size_t j : columns) sum += r.covariance[i][j];
    }
    sum += rest * rest;
  }
  EXPECT_NEAR(std::sqrt(sum / (4 + static_cast<double>(all.size()))), noise, 1e-4);
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

// The noise of the nested model, and draws: the same as of the one that does not know it, whose way is another.
TEST(LogEffects, NestedFactorsAreEliminatedExactly) {
  LogEffects flat({{1, 1.0}, {6, 0.3}, {40, 0.2}, {120, 0.5}}, 0.3),
      nested({{1, 1.0}, {6, 0.3}, {40, 0.2}, {120, 0.5, true}}, 0.3);
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 300; ++i) {
    const int pair = static_cast<int>(random() % 40), fold = static_cast<int>(random() % 3);
    const LogEffects::Levels levels = {0, static_cast<int>(random() % 6), pair, 3 * pair + fold};
    const double y = 0.1 * pair + normal(random);
    flat.add(levels, y);
    nested.add(levels, y);
  }
  EXPECT_NEAR(nested.noise(), flat.noise(), 1e-10);
  double sum = 0, squares = 0;
  const LogEffects::Levels levels = {0, 2, 7, 22};
  EXPECT_NEAR(nested.variance(levels), flat.variance(levels), 1e-10);
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    const double y = nested.sum(nested.draw([&] { return normal(random); }), levels);
    sum += y;
    squares += y * y;
  }
  const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
  EXPECT_NEAR(mean, flat.mean(levels), 0.02);
  EXPECT_NEAR(variance / (flat.variance(levels) - flat.noise() * flat.noise()), 1, 0.05);
  EXPECT_THROW(nested.add({0, 0, 1, 22}, 0), Error) << "a fold of pair 7";
}

TEST(LogEffects, WhatIsNoLengthIsTakenForTheLimit) {
  LogEffects effects = model();
  effects.add({0, 0, 0}, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isfinite(effects.mean({0, 0, 0})));
}

}  // namespace
}  // namespace mtlgrid

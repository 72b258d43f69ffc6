#include "results/metrics/delong.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "base/errors.h"
#include "results/metrics/classification.h"
#include "tests/oracle/oracle.h"
#include "tests/results/metrics/close.h"

namespace mtlgrid {
namespace {

using Labels = std::vector<int>;
using Scores = std::vector<double>;

TEST(Delong, AgreesWithTheDefinitionAndWithPRoc) {
  const nlohmann::json& cases = oracle_file("delong.json").at("cases");
  ASSERT_EQ(cases.size(), 9u);
  for (const auto& j : cases) {
    const auto label = j.at("label").get<Labels>();
    const auto a = j.at("a").get<Scores>(), b = j.at("b").get<Scores>();
    const DelongInterval interval = delong_interval(label, a, 0.95);
    const DelongTest test = delong_test(label, a, b);
    const std::string name = j.at("name");
    EXPECT_EQ(interval.reason + test.reason, "") << name;
    for (const char* oracle : {"definition", "pROC"}) {
      const auto& expected = j.at(oracle);
      const std::string what = name + ", " + oracle;
      expect_close(interval.auroc, expected.at("auroc"), what + ": auroc");
      expect_close(interval.variance, expected.at("variance"), what + ": variance");
      expect_close(interval.ci_low, expected.at("ci_low"), what + ": low");
      expect_close(interval.ci_high, expected.at("ci_high"), what + ": high");
      expect_close(test.p, expected.at("p"), what + ": p");
    }
    expect_close(test.variance, j.at("definition").at("difference_variance"), name + ": variance of the difference");
    expect_close(test.difference, j.at("definition").at("difference"), name + ": difference");
  }
}

TEST(Delong, AurocIsTheMetric) {
  const Labels label = {1, 0, 1, 0, 0};
  const Scores score = {0.5, 0.5, 0.9, 0.1, 0.7};
  EXPECT_EQ(delong_interval(label, score, 0.95).auroc, auroc(label, score).value);
}

TEST(Delong, AWiderConfidenceGivesAWiderInterval) {
  const Labels label = {1, 0, 1, 0, 0, 1};
  const Scores score = {0.5, 0.6, 0.9, 0.1, 0.7, 0.8};
  const DelongInterval narrow = delong_interval(label, score, 0.5), wide = delong_interval(label, score, 0.9);
  EXPECT_LT(wide.ci_low, narrow.ci_low);
  EXPECT_GT(wide.ci_high, narrow.ci_high);
  EXPECT_THROW(delong_interval(label, score, 1), std::invalid_argument);
}

TEST(Delong, OneClassHasNothing) {
  for (int y : {0, 1}) {
    const Labels label(4, y);
    const Scores score = {0.1, 0.2, 0.3, 0.4};
    const DelongInterval interval = delong_interval(label, score, 0.95);
    EXPECT_TRUE(std::isnan(interval.auroc));
    EXPECT_TRUE(std::isnan(interval.ci_low));
    EXPECT_EQ(interval.reason, "one class only");
    EXPECT_EQ(delong_test(label, score, score).reason, "one class only");
  }
}

TEST(Delong, OneOfAClassHasAnAurocWithoutVariance) {
  const Labels label = {1, 0, 0, 0};
  const Scores score = {0.25, 0.2, 0.3, 0.1};
  const DelongInterval interval = delong_interval(label, score, 0.95);
  EXPECT_DOUBLE_EQ(interval.auroc, 2.0 / 3);
  EXPECT_TRUE(std::isnan(interval.variance));
  EXPECT_EQ(interval.reason, "fewer than two positives");
  const DelongTest test = delong_test(Labels{0, 1, 1, 1}, score, score);
  EXPECT_TRUE(std::isnan(test.p));
  EXPECT_EQ(test.reason, "fewer than two negatives");
}

TEST(Delong, ZeroVarianceGivesNoInterval) {
  const Labels label = {1, 1, 1, 0, 0, 0, 0};
  for (const Scores& score : {Scores{7, 6, 5, 4, 3, 2, 1}, Scores{1, 2, 3, 4, 5, 6, 7}, Scores(7, 0.3)}) {
    const DelongInterval interval = delong_interval(label, score, 0.95);
    EXPECT_EQ(interval.variance, 0.0);
    EXPECT_TRUE(std::isnan(interval.ci_low));
    EXPECT_TRUE(std::isnan(interval.ci_high));
    EXPECT_EQ(interval.reason, "zero variance");
  }
}

// Sevenths and thirds are not exact in binary: rounding must not produce a variance.
TEST(Delong, ScoresThatRankAlikeDoNotDiffer) {
  const Labels label = {1, 0, 1, 0, 0, 1, 0, 0, 0, 0};
  const Scores a = {0.5, 0.6, 0.9, 0.1, 0.7, 0.2, 0.3, 0.3, 0.8, 0.4};
  Scores b = a;
  for (double& x : b) x = 100 * x - 3;
  const DelongTest test = delong_test(label, a, b);
  EXPECT_EQ(test.difference, 0.0);
  EXPECT_EQ(test.variance, 0.0);
  EXPECT_EQ(test.p, 1.0);
  EXPECT_EQ(test.reason, "");
}

TEST(Delong, AConstantDifferenceIsNotTested) {
  const Labels label = {1, 1, 1, 0, 0, 0, 0};
  const DelongTest test = delong_test(label, Scores{7, 6, 5, 4, 3, 2, 1}, Scores(7, 0.3));
  EXPECT_EQ(test.difference, 0.5);
  EXPECT_EQ(test.variance, 0.0);
  EXPECT_TRUE(std::isnan(test.p));
  EXPECT_EQ(test.reason, "zero variance");
}

TEST(Delong, ExchangingTheScoresChangesTheSignOnly) {
  const Labels label = {1, 0, 1, 0, 0, 1, 0};
  const Scores a = {0.5, 0.6, 0.9, 0.1, 0.7, 0.2, 0.3}, b = {0.4, 0.1, 0.2, 0.5, 0.3, 0.9, 0.7};
  const DelongTest ab = delong_test(label, a, b), ba = delong_test(label, b, a);
  EXPECT_EQ(ab.difference, -ba.difference);
  EXPECT_EQ(ab.variance, ba.variance);
  EXPECT_EQ(ab.p, ba.p);
}

TEST(Delong, BadScoresAreErrors) {
  EXPECT_THROW(delong_interval(Labels{0, 1}, Scores{0.5, kMissing}, 0.95), Error);
  EXPECT_THROW(delong_test(Labels{0, 1}, Scores{0.5, 0.4}, Scores{0.5}), std::invalid_argument);
  EXPECT_THROW(delong_interval(Labels{0, 2}, Scores{0.5, 0.4}, 0.95), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/errors.h"
#include "results/metrics/classification.h"
#include "results/metrics/quantile.h"
#include "results/metrics/registry.h"
#include "results/metrics/regression.h"
#include "results/metrics/silhouette.h"
#include "tests/oracle/oracle.h"
#include "tests/results/metrics/close.h"

namespace mtlgrid {
namespace {

using testing::HasSubstr;

const nlohmann::json& fixture() { return oracle_file("statistics.json"); }

MetricData data_of(const nlohmann::json& j) {
  MetricData data;
  j.at("label").get_to(data.label);
  j.at("score").get_to(data.score);
  j.at("log_odds").get_to(data.log_odds);
  j.at("target").get_to(data.target);
  j.at("prediction").get_to(data.prediction);
  data.distance = distances(j.at("embeddings").get<std::vector<std::vector<float>>>());
  return data;
}

TEST(Metrics, AgreeWithScikitLearnOnEveryoneAndOnResamples) {
  const nlohmann::json cases = fixture().at("cases");
  ASSERT_GE(cases.size(), 9u);
  for (const auto& j : cases) {
    const MetricData data = data_of(j);
    const std::string name = j.at("name");
    ASSERT_EQ(j.at("resamples").size(), 3u);
    for (const Metric& m : metrics()) {
      if (m.prepare == nullptr) continue;
      const ResampledMetric function = m.prepare(data);
      const std::vector<int> once(data.label.size(), 1);
      expect_close(function(once).value, j.at("everyone").at(m.name), name + ", everyone: " + m.name);
      for (const auto& r : j.at("resamples")) {
        const Resampled value = function(r.at("multiplicity").get<std::vector<int>>());
        expect_close(value.value, r.at("values").at(m.name), name + ", resample: " + m.name);
      }
    }
  }
}

TEST(Metrics, DerivedOnesAgreeWithScipy) {
  for (const auto& j : fixture().at("cases")) {
    const MetricData data = data_of(j);
    const auto n = std::ssize(data.label);
    for (const Metric& m : metrics()) {
      if (m.derive == nullptr) continue;
      const double from = metric(m.derived_from).prepare(data)(std::vector<int>(data.label.size(), 1)).value;
      expect_close(m.derive(from, n), j.at("everyone").at(m.name), j.at("name").get<std::string>() + ": " + m.name);
    }
  }
}

TEST(Metrics, PlainFunctionsAreTheResampledOnesOnEveryone) {
  const nlohmann::json j = fixture().at("cases").at(0);
  const MetricData c = data_of(j);
  const auto& expected = j.at("everyone");
  expect_close(auroc(c.label, c.score).value, expected.at("auroc"), "auroc");
  expect_close(average_precision(c.label, c.score).value, expected.at("auprc"), "auprc");
  expect_close(cross_entropy(c.label, c.log_odds).value, expected.at("ce"), "ce");
  expect_close(f1(c.label, c.score).value, expected.at("f1"), "f1");
  expect_close(pearson_r(c.target, c.prediction).value, expected.at("pearson_r"), "pearson_r");
  expect_close(mean_absolute_error(c.target, c.prediction).value, expected.at("mae"), "mae");
  expect_close(r_squared(c.target, c.prediction).value, expected.at("r2"), "r2");
  expect_close(silhouette(c.label, c.distance).value, expected.at("silhouette"), "silhouette");
  const auto& r = j.at("resamples").at(0);
  const auto multiplicity = r.at("multiplicity").get<std::vector<int>>();
  expect_close(silhouette(c.label, c.distance, multiplicity).value, r.at("values").at("silhouette"), "resample");
}

TEST(Metrics, AreUndefinedWithAReasonWhereTheFixtureSaysWhatTheLibrariesDo) {
  const nlohmann::json rows = fixture().at("undefined");
  ASSERT_GE(rows.size(), 12u);
  for (const auto& j : rows) {
    const std::string metric = j.at("metric");
    const auto label = j.value("label", std::vector<int>());
    const auto score = j.value("score", std::vector<double>());
    const auto target = j.value("target", std::vector<double>());
    const auto prediction = j.value("prediction", std::vector<double>());
    const Estimate found = metric == "auroc"        ? auroc(label, score)
                           : metric == "auprc"      ? average_precision(label, score)
                           : metric == "f1"         ? f1(label, score)
                           : metric == "silhouette" ? silhouette(label, std::vector<double>(9, 1.0))
                           : metric == "r2"         ? r_squared(target, prediction)
                                                    : pearson_r(target, prediction);
    EXPECT_TRUE(std::isnan(found.value)) << metric;
    EXPECT_EQ(found.reason, j.at("reason").get<std::string>()) << metric << ", where the library " << j.at("library");
  }
}

TEST(PearsonP, AgreesWithScipyDownToTinyOnes) {
  const nlohmann::json cases = fixture().at("correlations");
  ASSERT_GE(cases.size(), 9u);
  for (const auto& j : cases) {
    const std::int64_t n = j.at("n");
    const Estimate r =
        pearson_r(j.at("target").get<std::vector<double>>(), j.at("prediction").get<std::vector<double>>());
    const std::string what = "n = " + std::to_string(n);
    expect_close(r.value, j.at("r"), what + ": r");
    expect_close(pearson_p(j.at("r"), n), j.at("p"), what + ": p of scipy's r");
    expect_close(pearson_p(r.value, n), j.at("p"), what + ": p of our r");
  }
  EXPECT_EQ(pearson_p(1, 5), 0.0);
  EXPECT_EQ(pearson_p(0, 5), 1.0);
  EXPECT_THROW(pearson_p(1, 1), std::invalid_argument);
  EXPECT_THROW(pearson_p(1.1, 5), std::invalid_argument);
  EXPECT_THROW(pearson_p(kMissing, 5), std::invalid_argument);
}

TEST(Metrics, TiesCountOneHalf) {
  EXPECT_DOUBLE_EQ(auroc(std::vector{1, 0, 1, 0}, std::vector{0.5, 0.5, 0.9, 0.1}).value, 0.875);
  EXPECT_DOUBLE_EQ(auroc(std::vector{1, 0, 1, 0}, std::vector{0.5, 0.5, 0.5, 0.5}).value, 0.5);
}

TEST(Metrics, OneClassIsUndefinedWithReason) {
  for (int y : {0, 1}) {
    const std::vector<int> label(3, y);
    const std::vector<double> score = {0.1, 0.4, 0.6};
    for (const Estimate& e :
         {auroc(label, score), average_precision(label, score), silhouette(label, std::vector<double>(9, 1.0))}) {
      EXPECT_TRUE(std::isnan(e.value));
      EXPECT_EQ(e.reason, "one class only");
    }
  }
}

TEST(Metrics, F1IsUndefinedOnlyWithoutAnyPositive) {
  const Estimate none = f1(std::vector{0, 0}, std::vector{0.1, 0.5});  // 0.5 is not above 0.5
  EXPECT_TRUE(std::isnan(none.value));
  EXPECT_THAT(none.reason, HasSubstr("no positives"));
  EXPECT_EQ(f1(std::vector{0, 0}, std::vector{0.1, 0.6}).value, 0.0);
  EXPECT_EQ(f1(std::vector{0, 1}, std::vector{0.1, 0.4}).value, 0.0);
}

TEST(Metrics, ConstantsAndSinglesAreUndefinedInRegression) {
  const std::vector<double> constant = {0.1, 0.1, 0.1}, varied = {0.1, 0.7, 0.3}, one = {0.1};
  EXPECT_EQ(pearson_r(constant, varied).reason, "target is constant");
  EXPECT_EQ(pearson_r(varied, constant).reason, "prediction is constant");
  EXPECT_EQ(r_squared(constant, varied).reason, "target is constant");
  EXPECT_EQ(r_squared(one, one).reason, "fewer than two patients");
  EXPECT_EQ(pearson_r(one, one).reason, "fewer than two patients");
  EXPECT_TRUE(std::isnan(pearson_r(constant, varied).value));
  EXPECT_FALSE(std::isnan(r_squared(varied, constant).value));
  EXPECT_EQ(mean_absolute_error(one, one).value, 0.0);
  EXPECT_EQ(mean_absolute_error({}, {}).reason, "no patients");
}

TEST(Metrics, CrossEntropyDoesNotOverflow) {
  EXPECT_DOUBLE_EQ(cross_entropy(std::vector{1, 0}, std::vector{-1000.0, 1000.0}).value, 1000.0);
  EXPECT_EQ(cross_entropy(std::vector{1}, std::vector{1000.0}).value, 0.0);
  EXPECT_NEAR(cross_entropy(std::vector{1}, std::vector{40.0}).value / std::exp(-40.0), 1.0, 1e-12);
}

TEST(Metrics, NonFiniteInputIsAnErrorOfTheCell) {
  const std::vector<int> label = {0, 1};
  for (double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const std::vector<double> values = {0.5, bad}, good = {0.5, 0.6};
    EXPECT_THROW(auroc(label, values), Error);
    EXPECT_THROW(average_precision(label, values), Error);
    EXPECT_THROW(cross_entropy(label, values), Error);
    EXPECT_THROW(f1(label, values), Error);
    EXPECT_THROW(pearson_r(values, good), Error);
    EXPECT_THROW(mean_absolute_error(good, values), Error);
    EXPECT_THROW(r_squared(values, good), Error);
  }
  EXPECT_THROW(distances(std::vector<std::vector<float>>{{0.f}, {std::nanf("")}}), Error);
}

TEST(Metrics, MisuseIsRefused) {
  EXPECT_THROW(auroc(std::vector{0, 2}, std::vector{0.1, 0.2}), std::invalid_argument);
  EXPECT_THROW(auroc(std::vector{0, 1}, std::vector{0.1}), std::invalid_argument);
  EXPECT_THROW(silhouette(std::vector{0, 1}, std::vector{0.0}), std::invalid_argument);
  EXPECT_THROW(distances(std::vector<std::vector<float>>{{0.f}, {0.f, 1.f}}), std::invalid_argument);
}

// Two patients of a class at distance 1, the other class at distance 10; a patient drawn twice keeps a_i = 1, where the
// resample written out would give a_i = 1/2.
TEST(Silhouette, OwnCopiesAreNotNeighbours) {
  const std::vector<int> label = {0, 0, 1, 1};
  const std::vector<double> d = {0, 1, 10, 10, 1, 0, 10, 10, 10, 10, 0, 1, 10, 10, 1, 0};
  EXPECT_DOUBLE_EQ(silhouette(label, d).value, 0.9);
  EXPECT_DOUBLE_EQ(silhouette(label, d, std::vector{3, 1, 2, 1}).value, 0.9);
}

TEST(Silhouette, APatientAloneInItsClassScoresZero) {
  const std::vector<int> label = {0, 0, 1};
  const std::vector<double> d = {0, 1, 10, 1, 0, 10, 10, 10, 0};
  EXPECT_DOUBLE_EQ(silhouette(label, d).value, 0.6);
  EXPECT_DOUBLE_EQ(silhouette(label, d, std::vector{1, 1, 8}).value, 0.18);
  EXPECT_EQ(silhouette(label, d, std::vector{2, 0, 1}).reason, "fewer than three patients");
}

TEST(Silhouette, CoincidingPatientsScoreZero) {
  EXPECT_EQ(silhouette(std::vector{0, 0, 1, 1}, std::vector<double>(16, 0.0)).value, 0.0);
}

TEST(Quantile, AgreesWithNumpy) {
  const nlohmann::json& j = fixture();
  const auto sorted = j.at("sorted").get<std::vector<double>>();
  for (const auto& [q, value] : j.at("quantiles").items()) expect_close(quantile(sorted, std::stod(q)), value, q);
  EXPECT_EQ(quantile(std::vector{3.0}, 0.975), 3.0);
  EXPECT_THROW(quantile({}, 0.5), std::invalid_argument);
  EXPECT_THROW(quantile(sorted, 1.5), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

#include "results/metrics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/errors.h"
#include "results/metrics/classification.h"
#include "results/metrics/quantile.h"
#include "results/metrics/registry.h"
#include "results/metrics/regression.h"
#include "results/metrics/resamples.h"
#include "tests/oracle/oracle.h"
#include "tests/results/metrics/close.h"

namespace mtlgrid {
namespace {

const RandomStream kStream(7, "bootstrap");

// n patients, every third positive, with noisy scores; targets in table units.
std::vector<Prediction> patients(std::size_t n) {
  const RandomStream noise(3, "patients");
  std::vector<Prediction> out;
  for (std::size_t i = 0; i < n; ++i) {
    Prediction p{"test", std::string("P").append(std::to_string(i)), i % 3 == 0};
    p.log_odds = (p.label ? 1.0 : -1.0) + 4 * noise.uniform_double(2 * i) - 2;
    p.score = 1 / (1 + std::exp(-p.log_odds));
    p.target = 10 * noise.uniform_double(2 * i + 1);
    p.prediction = 0.5 * p.target + p.log_odds;
    out.push_back(p);
  }
  return out;
}

std::vector<std::vector<float>> embeddings_of(const std::vector<Prediction>& predictions) {
  std::vector<std::vector<float>> out;
  for (const Prediction& p : predictions) {
    out.push_back({static_cast<float>(p.log_odds), static_cast<float>(p.score), p.label * 1.f});
  }
  return out;
}

std::vector<MetricRow> metrics_of(const std::vector<Prediction>& p, BootstrapSettings settings = {200, 0.95}) {
  return cell_metrics("test", p, embeddings_of(p), settings, kStream);
}

const MetricRow& row(const std::vector<MetricRow>& rows, const std::string& name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const MetricRow& r) { return r.metric == name; });
  if (found == rows.end()) throw std::out_of_range(name);
  return *found;
}

TEST(DrawMultiplicities, DrawsAsManyAsThereArePatients) {
  std::vector<int> m(50), again(50), other(50);
  draw_multiplicities(kStream, 3, m);
  draw_multiplicities(kStream, 3, again);
  draw_multiplicities(kStream, 4, other);
  EXPECT_EQ(std::accumulate(m.begin(), m.end(), 0), 50);
  EXPECT_EQ(m, again);
  EXPECT_NE(m, other);
}

TEST(DrawMultiplicities, FollowsTheOracleInPython) {
  ASSERT_EQ(stream_cases().size(), 6u);
  for (const auto& [stream, c] : stream_cases()) {
    std::vector<int> m(c["multiplicities"].size());
    draw_multiplicities(stream, 4, m);
    EXPECT_EQ(m, c["multiplicities"].get<std::vector<int>>()) << c["name"];
  }
}

// Multinomial law: over 20,000 draws of 5 patients each multiplicity has mean 1 and variance 4/5; the bounds are six
// standard errors.
TEST(DrawMultiplicities, FollowsTheMultinomialLaw) {
  std::vector<int> m(5);
  std::vector<double> sum(5), square(5);
  const int draws = 20000;
  for (int k = 0; k < draws; ++k) {
    draw_multiplicities(kStream, static_cast<std::uint64_t>(k), m);
    for (std::size_t i = 0; i < 5; ++i) {
      sum[i] += m[i];
      square[i] += m[i] * m[i];
    }
  }
  for (std::size_t i = 0; i < 5; ++i) {
    const double mean = sum[i] / draws;
    EXPECT_NEAR(mean, 1.0, 0.04);
    EXPECT_NEAR(square[i] / draws - mean * mean, 0.8, 0.06);
  }
}

TEST(CellMetrics, RowsComeInTheirOrder) {
  const auto p = patients(40);
  const auto rows = metrics_of(p);
  ASSERT_EQ(rows.size(), metrics().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const MetricRow& r = rows[i];
    EXPECT_EQ(r.metric, metrics()[i].name);
    EXPECT_EQ(r.cohort, "test");
    EXPECT_EQ(r.n, 40);
    if (metrics()[i].derive != nullptr) continue;
    EXPECT_EQ(r.reason, "");
    EXPECT_LT(r.ci_low, r.value);
    EXPECT_LT(r.value, r.ci_high);
  }
}

TEST(CellMetrics, WithoutEmbeddingsThereAreNoMetricsOfThem) {
  const auto rows = cell_metrics("test", patients(40), {}, {200, 0.95}, kStream);
  for (const MetricRow& r : rows) EXPECT_NE(metric(r.metric).kind, MetricKind::embedding);
  EXPECT_EQ(rows.size(), metrics().size() - 1);
}

TEST(CellMetrics, PearsonsPIsThatOfTheRowAndHasNoCi) {
  const auto rows = metrics_of(patients(20));
  const MetricRow& p = row(rows, "pearson_p");
  EXPECT_EQ(p.value, pearson_p(row(rows, "pearson_r").value, 20));
  EXPECT_TRUE(std::isnan(p.ci_low));
  EXPECT_TRUE(std::isnan(p.ci_high));
  EXPECT_EQ(p.reason, "no CI: a p-value has none");
}

TEST(CellMetrics, CiIsThePercentileOfTheNamedDraws) {
  const auto p = patients(40);
  std::vector<int> label;
  std::vector<double> score;
  for (const Prediction& x : p) {
    label.push_back(x.label);
    score.push_back(x.score);
  }
  std::vector<double> values;
  for (std::uint64_t draw = 0; draw < 200; ++draw) {  // each resample written out
    std::vector<int> m(40), y;
    draw_multiplicities(kStream, draw, m);
    std::vector<double> s;
    for (std::size_t i = 0; i < 40; ++i) {
      y.insert(y.end(), static_cast<std::size_t>(m[i]), label[i]);
      s.insert(s.end(), static_cast<std::size_t>(m[i]), score[i]);
    }
    values.push_back(auroc(y, s).value);
  }
  std::sort(values.begin(), values.end());
  const auto rows = metrics_of(p);
  EXPECT_DOUBLE_EQ(row(rows, "auroc").ci_low, quantile(values, 0.025));
  EXPECT_DOUBLE_EQ(row(rows, "auroc").ci_high, quantile(values, 0.975));
}

// What the oracle's patients are, a target that is null being missing.
std::vector<Prediction> predictions_of(const nlohmann::json& j) {
  std::vector<Prediction> out;
  for (std::size_t i = 0; i < j.at("label").size(); ++i) {
    const auto& target = j.at("target").at(i);
    out.push_back({"test", std::string("P").append(std::to_string(i)), j.at("label").at(i), j.at("score").at(i),
                   j.at("log_odds").at(i), target.is_null() ? kMissing : target.get<double>(),
                   j.at("prediction").at(i)});
  }
  return out;
}

TEST(CellMetrics, AgreeWithTheOracleRowByRow) {
  const nlohmann::json& j = oracle_file("statistics.json").at("bootstrap");
  const auto embeddings = j.at("embeddings").get<std::vector<std::vector<float>>>();
  const auto rows = cell_metrics("test", predictions_of(j), embeddings, {j.at("resamples"), j.at("confidence")},
                                 RandomStream(j.at("seed"), j.at("stream").get<std::string>()));
  for (const auto& expected : j.at("rows")) {
    const std::string metric = expected.at("metric");
    const MetricRow& found = row(rows, metric);
    expect_close(found.value, expected.at("value"), metric);
    expect_close(found.ci_low, expected.at("ci_low"), metric + ", low");
    expect_close(found.ci_high, expected.at("ci_high"), metric + ", high");
    EXPECT_EQ(found.n, expected.at("n")) << metric;
    EXPECT_EQ(found.redrawn, expected.at("redrawn")) << metric;
  }
  EXPECT_GT(row(rows, "auroc").redrawn, 0);
}

TEST(CellMetrics, SameStreamSameCi) {
  const auto p = patients(30);
  const auto a = metrics_of(p), b = metrics_of(p);
  const auto c = cell_metrics("test", p, embeddings_of(p), {200, 0.95}, RandomStream(8, "bootstrap"));
  EXPECT_EQ(row(a, "auroc").ci_low, row(b, "auroc").ci_low);
  EXPECT_NE(row(a, "ce").ci_low, row(c, "ce").ci_low);
}

TEST(CellMetrics, ResamplesOfOneClassAreRedrawnAndCounted) {
  auto p = patients(12);
  for (Prediction& x : p) x.label = x.patient == "P0";  // a resample misses the one positive 35 times in 100
  const auto rows = metrics_of(p, {1000, 0.95});
  const MetricRow& r = row(rows, "auroc");
  EXPECT_GT(r.redrawn, 400);
  EXPECT_LT(r.redrawn, 700);  // 543 expected, standard deviation 29
  EXPECT_FALSE(std::isnan(r.ci_low));
  EXPECT_EQ(row(rows, "ce").redrawn, 0);
}

TEST(CellMetrics, BaselineHasNoRegression) {
  auto p = patients(20);
  for (Prediction& x : p) x.prediction = kMissing;
  for (const char* name : {"pearson_r", "pearson_p", "mae", "r2"}) {
    const auto rows = metrics_of(p);
    EXPECT_TRUE(std::isnan(row(rows, name).value));
    EXPECT_EQ(row(rows, name).reason, "no regression");
    EXPECT_EQ(row(rows, name).n, 0);
  }
}

TEST(CellMetrics, RegressionUsesThePatientsWhoHaveTargets) {
  auto p = patients(20);
  std::vector<Prediction> with(p.begin(), p.begin() + 15);
  for (std::size_t i = 15; i < 20; ++i) p[i].target = kMissing;
  const auto all = metrics_of(p), some = metrics_of(with);
  EXPECT_EQ(row(all, "mae").n, 15);
  EXPECT_EQ(row(all, "auroc").n, 20);
  EXPECT_EQ(row(all, "mae").value, row(some, "mae").value);
  EXPECT_EQ(row(all, "mae").ci_low, row(some, "mae").ci_low);
  for (Prediction& x : p) x.target = kMissing;
  EXPECT_EQ(row(metrics_of(p), "r2").reason, "no auxiliary values");
}

TEST(CellMetrics, UndefinedMetricHasReasonAndNoCi) {
  auto p = patients(10);
  for (Prediction& x : p) x.label = 0;
  const auto rows = metrics_of(p);
  EXPECT_TRUE(std::isnan(row(rows, "auroc").value));
  EXPECT_TRUE(std::isnan(row(rows, "auroc").ci_low));
  EXPECT_EQ(row(rows, "auroc").reason, "one class only");
  EXPECT_FALSE(std::isnan(row(rows, "ce").ci_low));
}

TEST(CellMetrics, NonFiniteNumbersNameThePatient) {
  for (double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    auto p = patients(10);
    p[4].log_odds = bad;
    try {
      metrics_of(p);
      FAIL() << "accepted " << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::cell_failed);
      EXPECT_THAT(e.what(), testing::HasSubstr("patient P4"));
    }
  }
  auto p = patients(10);
  p[2].prediction = std::numeric_limits<double>::infinity();
  EXPECT_THROW(metrics_of(p), Error);
}

TEST(CellMetrics, MisuseIsRefused) {
  const auto p = patients(10);
  const std::vector<std::vector<float>> three(3, {1.f});
  EXPECT_THROW(cell_metrics("test", p, three, {200, 0.95}, kStream), std::invalid_argument);
}

TEST(CellMetrics, NobodyGivesReasonsOnly) {
  for (const MetricRow& r : cell_metrics("test", {}, {}, {200, 0.95}, kStream)) {
    EXPECT_TRUE(std::isnan(r.value));
    EXPECT_NE(r.reason, "");
    EXPECT_EQ(r.n, 0);
  }
}

}  // namespace
}  // namespace mtlgrid

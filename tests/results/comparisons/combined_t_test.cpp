#include "results/comparisons/combined_t.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <stdexcept>

#include "results/comparisons/bayesian_t.h"
#include "results/comparisons/corrected_t.h"

namespace mtlgrid {
namespace {

using testing::HasSubstr;

const std::vector<double> kDifferences = {0.03, -0.01, 0.05, 0.02, 0.04};
constexpr double kRatio = 0.25, kConfidence = 0.95, kRope = 0.01;

TEST(CombinedT, WithoutVarianceOfPatientsIsTheCorrectedAndTheBayesianTest) {
  const CombinedT t = combined_t(kDifferences, kRatio, {}, kConfidence, kRope);
  const CorrectedT corrected = corrected_t(kDifferences, kRatio, kConfidence);
  const BayesianT bayesian = bayesian_t(kDifferences, kRatio / (1 + kRatio), kRope);
  EXPECT_DOUBLE_EQ(t.standard_error, corrected.standard_error);
  EXPECT_DOUBLE_EQ(t.degrees_of_freedom, 4);
  EXPECT_NEAR(t.p, corrected.p, 1e-14);
  EXPECT_NEAR(t.ci_low, corrected.ci_low, 1e-14);
  EXPECT_NEAR(t.ci_high, corrected.ci_high, 1e-14);
  EXPECT_NEAR(t.worse, bayesian.worse, 1e-14);
  EXPECT_NEAR(t.equivalent, bayesian.equivalent, 1e-14);
  EXPECT_NEAR(t.better, bayesian.better, 1e-14);
}

TEST(CombinedT, AddsTheVarianceOfPatients) {
  const double of_training = corrected_t(kDifferences, kRatio, kConfidence).standard_error;
  const PatientVariance patients = {0.0004, 81};
  const CombinedT t = combined_t(kDifferences, kRatio, patients, kConfidence, kRope);
  const double a = of_training * of_training;
  EXPECT_NEAR(t.standard_error, std::sqrt(a + 0.0004), 1e-15);
  EXPECT_NEAR(t.degrees_of_freedom, std::pow(a + 0.0004, 2) / (a * a / 4 + 0.0004 * 0.0004 / 80), 1e-10);
  EXPECT_NEAR(t.worse + t.equivalent + t.better, 1, 1e-14);
}

TEST(CombinedT, OfEqualDifferencesTestsTheVarianceOfPatientsAlone) {
  const std::vector<double> equal(5, 0.02);
  EXPECT_NE(combined_t(equal, kRatio, {}, kConfidence, kRope).reason, "");
  const CombinedT t = combined_t(equal, kRatio, {0.0001, 50}, kConfidence, kRope);
  EXPECT_EQ(t.reason, "");
  EXPECT_NEAR(t.t, 2, 1e-12);
  EXPECT_NEAR(t.degrees_of_freedom, 49, 1e-9);
}

TEST(CombinedT, RefusesWhatIsNoVariance) {
  EXPECT_THROW(combined_t(kDifferences, kRatio, {-1, 50}, kConfidence, kRope), std::invalid_argument);
  EXPECT_THROW(combined_t(kDifferences, kRatio, {NAN, 50}, kConfidence, kRope), std::invalid_argument);
  EXPECT_THROW(combined_t(kDifferences, kRatio, {0.1, 1}, kConfidence, kRope), std::invalid_argument);
  EXPECT_THROW(combined_t(kDifferences, kRatio, {}, kConfidence, -0.1), std::invalid_argument);
  EXPECT_NE(combined_t(std::vector{0.1}, kRatio, {0.1, 50}, kConfidence, kRope).reason, "");
}

// Differences over folds with a correlation of n_test / n_total, and an independent error of the patients.
TEST(CombinedT, RejectsFiveInAHundredUnderItsOwnModel) {
  std::mt19937 generator(3);
  std::normal_distribution<double> normal;
  const double rho = kRatio / (1 + kRatio);
  constexpr int kTimes = 4000;
  int rejected = 0;
  for (int i = 0; i < kTimes; ++i) {
    const double shared = std::sqrt(rho) * normal(generator), patients = normal(generator);
    std::vector<double> differences(5);
    for (double& d : differences) d = shared + std::sqrt(1 - rho) * normal(generator) + patients;
    rejected += combined_t(differences, kRatio, {1, 100}, kConfidence, 0).p < 0.05;
  }
  EXPECT_NEAR(static_cast<double>(rejected) / kTimes, 0.05, 0.015);
}

}  // namespace
}  // namespace mtlgrid

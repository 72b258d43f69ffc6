#include "results/comparisons/bayesian_t.h"

#include <cmath>
#include <stdexcept>

#include "base/errors.h"
#include "results/comparisons/corrected_t.h"
#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

TEST(BayesianT, AgreesWithBaycomp) {
  for (const auto& c : comparisons("folds")) {
    const auto d = c.at("differences").get<Values>();
    const double rho = 1 / c.at("folds").get<double>();
    const BayesianT found = bayesian_t(d, rho, c.at("rope"));
    EXPECT_EQ(found.reason, "");
    expect_absolute(found.worse, c.at("baycomp")[0], "worse");
    expect_absolute(found.equivalent, c.at("baycomp")[1], "equivalent");
    expect_absolute(found.better, c.at("baycomp")[2], "better");
    const BayesianT without = bayesian_t(d, rho, 0);
    expect_absolute(without.worse, c.at("baycomp_without_rope")[0], "worse without rope");
    expect_absolute(without.better, c.at("baycomp_without_rope")[1], "better without rope");
    EXPECT_EQ(without.equivalent, 0);
  }
}

TEST(BayesianT, ProbabilitiesAddUpToOne) {
  for (const auto& c : comparisons("folds")) {
    const auto d = c.at("differences").get<Values>();
    for (const double rope : {0.0, 0.001, 0.01, 0.5, 100.0}) {
      const BayesianT found = bayesian_t(d, 0.2, rope);
      EXPECT_NEAR(found.worse + found.equivalent + found.better, 1, 1e-15) << rope;
      EXPECT_GE(std::min({found.worse, found.equivalent, found.better}), 0) << rope;
    }
  }
}

// Both use Student's t of the same scale: the smaller tail is half of p.
TEST(BayesianT, WithoutRopeIsHalfThePOfTheCorrectedTest) {
  for (const auto& c : comparisons("folds")) {
    const auto d = c.at("differences").get<Values>();
    const BayesianT posterior = bayesian_t(d, 0.2, 0);
    expect_close(2 * std::min(posterior.worse, posterior.better), corrected_t(d, 0.25, 0.95).p, "p");
  }
}

TEST(BayesianT, ExchangingTheMethodsExchangesTheTails) {
  const BayesianT a = bayesian_t(Values{0.1, -0.2, 0.4}, 0.2, 0.05), b = bayesian_t(Values{-0.1, 0.2, -0.4}, 0.2, 0.05);
  EXPECT_EQ(a.worse, b.better);
  EXPECT_EQ(a.better, b.worse);
}

TEST(BayesianT, EqualDifferencesAreAPoint) {
  const BayesianT better = bayesian_t(Values(4, 0.02), 0.25, 0.01), inside = bayesian_t(Values(4, 0.02), 0.25, 0.02);
  EXPECT_EQ(better.better, 1);
  EXPECT_EQ(better.worse + better.equivalent, 0);
  EXPECT_EQ(inside.equivalent, 1);
  EXPECT_EQ(bayesian_t(Values(3, 0.1), 0.25, 0.1).equivalent, 1);  // the plain mean of these is above 0.1
  EXPECT_EQ(bayesian_t(Values(4, -0.02), 0.25, 0.01).worse, 1);
  EXPECT_EQ(bayesian_t(Values(4, -0.02), 0.25, 0).worse, 1);
  const BayesianT none = bayesian_t(Values(4, 0.0), 0.25, 0);
  EXPECT_EQ(none.worse, 0.5);
  EXPECT_EQ(none.better, 0.5);
  EXPECT_EQ(none.equivalent, 0);
  EXPECT_EQ(bayesian_t(Values(4, 0.0), 0.25, 0.01).equivalent, 1);
}

TEST(BayesianT, OneDifferenceHasNoPosterior) {
  const BayesianT one = bayesian_t(Values{0.5}, 0.2, 0.01);
  EXPECT_EQ(one.reason, "fewer than two differences");
  EXPECT_TRUE(std::isnan(one.better));
}

TEST(BayesianT, RefusesOtherParameters) {
  EXPECT_THROW(bayesian_t(Values{1, kInfinity}, 0.2, 0), Error);
  for (const double rho : {0.0, 1.0, -0.2, kMissing}) {
    EXPECT_THROW(bayesian_t(Values{1, 2}, rho, 0), std::invalid_argument) << rho;
  }
  for (const double rope : {-0.01, kMissing, kInfinity}) {
    EXPECT_THROW(bayesian_t(Values{1, 2}, 0.2, rope), std::invalid_argument) << rope;
  }
}

}  // namespace
}  // namespace mtlgrid

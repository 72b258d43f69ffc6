#include "results/comparisons/false_claim.h"

#include <stdexcept>

#include "base/errors.h"
#include "results/comparisons/bayesian_t.h"
#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

using Outcomes = std::vector<int>;

TEST(FalseClaim, OfAccuracyAgreesWithTheDoubleIntegral) {
  const auto& cases = comparisons("false_claims").at("accuracy");
  ASSERT_EQ(cases.size(), 5u);
  for (const auto& c : cases) {
    expect_relative(false_claim_of_accuracy(c.at("a"), c.at("b"), c.at("both"), c.at("n")), c.at("p"), c.dump());
  }
}

TEST(FalseClaim, OfMeanAgreesWithScipy) {
  for (const auto& c : comparisons("false_claims").at("mean")) {
    const ScoreSummary a{c.at("a")[0], c.at("a")[1]}, b{c.at("b")[0], c.at("b")[1]};
    expect_relative(false_claim_of_mean(a, b, c.at("r"), c.at("n")), c.at("p"), c.dump());
    expect_relative(false_claim_of_mean(b, a, c.at("r"), c.at("n")), 1 - c.at("p").get<double>(), c.dump());
  }
}

// One patient only A, none only B: P(Beta(2, 1) <= 1/2) = 1/4.
TEST(FalseClaim, OfOutcomesCountsDiscordantPatients) {
  EXPECT_DOUBLE_EQ(false_claim_of_accuracy(Outcomes{1, 1, 0, 1}, Outcomes{1, 0, 0, 1}), 0.25);
  EXPECT_DOUBLE_EQ(false_claim_of_accuracy(0.75, 0.5, 0.5, 4), 0.25);
  EXPECT_DOUBLE_EQ(false_claim_of_accuracy(Outcomes{1}, Outcomes{0}), 0.25);
  EXPECT_DOUBLE_EQ(false_claim_of_accuracy(Outcomes{1, 0}, Outcomes{1, 0}), 0.5);
}

TEST(FalseClaim, OfTheOtherOrderIsTheComplement) {
  EXPECT_NEAR(false_claim_of_accuracy(0.9, 0.8, 0.75, 100) + false_claim_of_accuracy(0.8, 0.9, 0.75, 100), 1, 1e-14);
}

TEST(FalseClaim, CongruenceMakesADifferenceCredible) {
  EXPECT_LT(false_claim_of_accuracy(0.9, 0.85, 0.85, 100), false_claim_of_accuracy(0.9, 0.85, 0.75, 100));
  EXPECT_LT(false_claim_of_mean({0.9, 0.1}, {0.85, 0.1}, 0.9, 30),
            false_claim_of_mean({0.9, 0.1}, {0.85, 0.1}, 0.1, 30));
}

TEST(FalseClaim, ScoresThatDifferByAConstantAreCertain) {
  EXPECT_EQ(false_claim_of_mean({0.9, 0.1}, {0.8, 0.1}, 1, 30), 0);
  EXPECT_EQ(false_claim_of_mean({0.8, 0.1}, {0.9, 0.1}, 1, 30), 1);
  EXPECT_EQ(false_claim_of_mean({0.8, 0}, {0.8, 0}, 0, 30), 0.5);
}

TEST(FalseClaim, OfFoldsIsTheCorrelatedPosterior) {
  const Values d = {0.03, 0.01, -0.01, 0.02, 0.04};
  EXPECT_EQ(false_claim_of_folds(d, 0.2), bayesian_t(d, 0.2, 0).worse);
  EXPECT_LT(false_claim_of_folds(d, 0.2), 0.5);
  EXPECT_THROW(false_claim_of_folds(Values{0.1}, 0.2), std::invalid_argument);
}

TEST(FalseClaim, RefusesWhatNoPatientsGive) {
  EXPECT_THROW(false_claim_of_accuracy(0.9, 0.8, 0.85, 100), std::invalid_argument);  // more both than B alone
  EXPECT_THROW(false_claim_of_accuracy(0.9, 0.8, 0.6, 100), std::invalid_argument);   // more than all patients
  EXPECT_THROW(false_claim_of_accuracy(0.5, 0.5, -0.1, 100), std::invalid_argument);
  EXPECT_THROW(false_claim_of_accuracy(kMissing, 0.5, 0.4, 100), std::invalid_argument);
  EXPECT_THROW(false_claim_of_accuracy(0.9, 0.8, 0.75, 0), std::invalid_argument);
  EXPECT_THROW(false_claim_of_accuracy(Outcomes{}, Outcomes{}), std::invalid_argument);
  EXPECT_THROW(false_claim_of_accuracy(Outcomes{1, 0}, Outcomes{1}), std::invalid_argument);
  EXPECT_THROW(false_claim_of_accuracy(Outcomes{1, 2}, Outcomes{1, 0}), std::invalid_argument);
  EXPECT_THROW(false_claim_of_mean({0.9, 0.1}, {0.8, 0.1}, 0.5, 1), std::invalid_argument);
  EXPECT_THROW(false_claim_of_mean({0.9, -0.1}, {0.8, 0.1}, 0.5, 9), std::invalid_argument);
  EXPECT_THROW(false_claim_of_mean({0.9, 0.1}, {0.8, 0.1}, 1.5, 9), std::invalid_argument);
  EXPECT_THROW(false_claim_of_mean({kMissing, 0.1}, {0.8, 0.1}, 0.5, 9), Error);
}

}  // namespace
}  // namespace mtlgrid

#include "results/comparisons/corrected_t.h"

#include <cmath>
#include <stdexcept>

#include "base/errors.h"
#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

TEST(CorrectedT, AgreesWithTheFormulaOfCorrectR) {
  ASSERT_EQ(comparisons("folds").size(), 6u);
  for (const auto& c : comparisons("folds")) {
    const auto d = c.at("differences").get<Values>();
    const auto& expected = c.at("corrected_t");
    const CorrectedT found = corrected_t(d, 1 / (c.at("folds").get<double>() - 1), 0.95);
    EXPECT_EQ(found.reason, "");
    EXPECT_EQ(found.degrees_of_freedom, std::ssize(d) - 1);
    expect_relative(found.mean, expected.at("mean"), "mean");
    expect_relative(found.standard_error, expected.at("standard_error"), "standard error");
    expect_relative(found.t, expected.at("t"), "t");
    expect_relative(found.p, expected.at("p"), "p");
    expect_relative(found.ci_low, expected.at("ci_low"), "low");
    expect_relative(found.ci_high, expected.at("ci_high"), "high");
  }
}

// Without a correction it is the paired t test: 1, 2, 3 have the standard error 1 / sqrt(3).
TEST(CorrectedT, IsTheUsualTestButForTheRatio) {
  const CorrectedT found = corrected_t(Values{1, 2, 3}, 1e-300, 0.95);
  EXPECT_DOUBLE_EQ(found.t, 2 * std::sqrt(3.0));
  EXPECT_NEAR(found.p, 0.07417990022744853, 1e-15);
  EXPECT_DOUBLE_EQ(corrected_t(Values{1, 2, 3}, 1.0 / 3, 0.95).t, 2 / std::sqrt(2.0 / 3));
}

TEST(CorrectedT, ExcludesZeroFromTheIntervalExactlyWhereItIsSignificant) {
  for (const auto& c : comparisons("folds")) {
    const auto d = c.at("differences").get<Values>();
    const double p = corrected_t(d, 0.25, 0.95).p;
    const CorrectedT above = corrected_t(d, 0.25, 1 - p * 1.001), below = corrected_t(d, 0.25, 1 - p * 0.999);
    EXPECT_GT(above.ci_low * above.ci_high, 0);
    EXPECT_LT(below.ci_low * below.ci_high, 0);
  }
}

TEST(CorrectedT, ChangesTheSignWithTheDifferences) {
  const CorrectedT a = corrected_t(Values{0.1, -0.2, 0.4}, 0.25, 0.9),
                   b = corrected_t(Values{-0.1, 0.2, -0.4}, 0.25, 0.9);
  EXPECT_EQ(a.t, -b.t);
  EXPECT_EQ(a.p, b.p);
  EXPECT_EQ(a.ci_low, -b.ci_high);
}

TEST(CorrectedT, SaysWhyThereIsNone) {
  EXPECT_EQ(corrected_t(Values{}, 0.25, 0.95).reason, "fewer than two differences");
  const CorrectedT one = corrected_t(Values{0.5}, 0.25, 0.95);
  EXPECT_EQ(one.reason, "fewer than two differences");
  EXPECT_EQ(one.mean, 0.5);
  EXPECT_TRUE(std::isnan(one.p));
  // Equal but for rounding: no two of these are the same double.
  for (const Values& d : {Values{0.8 - 0.7, 0.9 - 0.8, 0.1}, Values(5, 0.0), Values(3, -0.1)}) {
    const CorrectedT equal = corrected_t(d, 0.25, 0.95);
    EXPECT_EQ(equal.reason, "zero variance");
    EXPECT_EQ(equal.standard_error, 0);
    EXPECT_TRUE(std::isnan(equal.p));
    EXPECT_TRUE(std::isnan(equal.ci_low));
  }
}

TEST(CorrectedT, RefusesWhatIsNotANumber) {
  try {
    corrected_t(Values{1, kMissing, 2}, 0.25, 0.95);
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::fatal);
    EXPECT_STREQ(e.what(), "difference 1 is nan, expected a finite number");
  }
  for (const double ratio : {0.0, -1.0, kMissing, kInfinity}) {
    EXPECT_THROW(corrected_t(Values{1, 2}, ratio, 0.95), std::invalid_argument) << ratio;
  }
  for (const double confidence : {0.0, 1.0, 95.0, kMissing}) {
    EXPECT_THROW(corrected_t(Values{1, 2}, 0.25, confidence), std::invalid_argument) << confidence;
  }
}

}  // namespace
}  // namespace mtlgrid

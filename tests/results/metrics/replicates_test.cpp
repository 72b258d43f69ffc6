#include "results/metrics/replicates.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "results/metrics/resamples.h"
#include "tests/oracle/oracle.h"
#include "tests/results/metrics/close.h"

namespace mtlgrid {
namespace {

const RandomStream kTableStream(3, "tables");

TEST(Replicates, AreTheNamedDrawsWhereEverySetIsUsable) {
  const std::vector<PatientSet> sets = {{{0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 0, 1, 0, 1, 0, 1}}};
  const Replicates replicates = draw_replicates(8, sets, 50, kTableStream);
  ASSERT_EQ(replicates.multiplicity.size(), 50u);
  std::vector<int> first(8);
  draw_multiplicities(kTableStream, 0, first);
  EXPECT_EQ(replicates.multiplicity[0], first);
}

TEST(Replicates, HaveBothClassesInEverySetAndCountRedrawnOnes) {
  // One positive in each of two folds: both are drawn in about 39 of 100 replicates.
  const std::vector<PatientSet> sets = {{{0, 1, 2, 3, 4}, {1, 0, 0, 0, 0}}, {{5, 6, 7, 8, 9}, {1, 0, 0, 0, 0}}};
  const Replicates replicates = draw_replicates(10, sets, 400, kTableStream);
  ASSERT_EQ(replicates.multiplicity.size(), 400u);
  for (const auto& m : replicates.multiplicity) {
    EXPECT_GT(m[0], 0);
    EXPECT_GT(m[5], 0);
  }
  EXPECT_GT(replicates.redrawn, 400);
  EXPECT_LT(replicates.redrawn, 1000);
}

TEST(Replicates, SetsThatAreNeverUsableAreIgnored) {
  const std::vector<PatientSet> sets = {{{0, 1, 2}, {0, 0, 0}}};
  const Replicates replicates = draw_replicates(3, sets, 5, kTableStream);
  EXPECT_EQ(replicates.multiplicity.size(), 5u);
  EXPECT_EQ(replicates.redrawn, 0);
}

TEST(Replicates, GiveUpAfterAHundredTimesAsManyDraws) {
  // Twelve folds of three patients, all of which must be drawn: practically never.
  std::vector<PatientSet> sets;
  for (std::size_t f = 0; f < 12; ++f) sets.push_back({{3 * f, 3 * f + 1, 3 * f + 2}, {0, 0, 1}});
  const Replicates replicates = draw_replicates(36, sets, 10, kTableStream);
  EXPECT_LT(replicates.multiplicity.size(), 10u);
  EXPECT_EQ(replicates.redrawn + static_cast<std::int64_t>(replicates.multiplicity.size()), 1000);
}

TEST(Replicates, OfNobodyAreNone) { EXPECT_TRUE(draw_replicates(0, {}, 10, kTableStream).multiplicity.empty()); }

TEST(BootstrapPValue, IsTwiceTheSmallerTail) {
  EXPECT_DOUBLE_EQ(bootstrap_p_value(std::vector<double>(999, 1.0)), 2.0 / 1000);
  EXPECT_DOUBLE_EQ(bootstrap_p_value(std::vector<double>(999, -1.0)), 2.0 / 1000);
  EXPECT_DOUBLE_EQ(bootstrap_p_value(std::vector<double>{-1, 1, 1, 1, 1, 1, 1, 1, 1}), 0.4);
  EXPECT_EQ(bootstrap_p_value(std::vector<double>(10, 0.0)), 1.0);  // the same models
  EXPECT_THROW(bootstrap_p_value({}), std::invalid_argument);
}

// Worked by hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, and 0.04 may not be below its predecessor.
TEST(Holm, AgreesWithTheWorkedExample) {
  const std::vector<double> adjusted = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005}, 4);
  const std::vector<double> expected = {0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_DOUBLE_EQ(adjusted[i], expected[i]);
}

TEST(Holm, AgreesWithStatsmodels) {
  const nlohmann::json& families = oracle_file("statistics.json").at("holm");
  ASSERT_EQ(families.size(), 5u);
  for (const auto& family : families) {
    const auto p = family.at("p").get<std::vector<double>>();
    const std::vector<double> adjusted = holm(p, p.size());
    for (std::size_t i = 0; i < p.size(); ++i) expect_close(adjusted[i], family.at("adjusted").at(i), "Holm");
  }
}

TEST(Holm, TestsThatWereNotMadeCountInTheFamily) {
  EXPECT_DOUBLE_EQ(holm(std::vector<double>{0.01}, 16)[0], 0.16);
  EXPECT_EQ(holm(std::vector<double>{0.5}, 16)[0], 1.0);
  EXPECT_THROW(holm(std::vector<double>{0.5, 0.5}, 1), std::invalid_argument);
  const std::vector<double> adjusted = holm(std::vector<double>{0.03, std::nan(""), 0.01}, 2);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.03);
  EXPECT_TRUE(std::isnan(adjusted[1]));
  EXPECT_DOUBLE_EQ(adjusted[2], 0.02);
  EXPECT_EQ(stars_of(adjusted[1]), 0);
}

TEST(Stars, MarkTheirLevels) {
  EXPECT_EQ(stars_of(0.05), 0);
  EXPECT_EQ(stars_of(0.049), 1);
  EXPECT_EQ(stars_of(0.009), 2);
  EXPECT_EQ(stars_of(0.0009), 3);
}

}  // namespace
}  // namespace mtlgrid

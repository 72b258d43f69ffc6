#include "results/comparisons/rank_tests.h"

#include <cmath>
#include <stdexcept>

#include "base/errors.h"
#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;

TEST(RankTests, AgreeWithScipyScikitPosthocsAndAutorank) {
  ASSERT_EQ(comparisons("ranks").size(), 6u);
  for (const auto& c : comparisons("ranks")) {
    const std::string name = c.at("name");
    const std::size_t methods = c.at("average_ranks").size(), blocks = c.at("values").size();
    const Values values = flattened(c.at("values"));
    const Values ranks = average_ranks(values, methods, Better::higher);
    for (std::size_t j = 0; j < methods; ++j) expect_relative(ranks[j], c.at("average_ranks")[j], name + ": rank");
    const FriedmanTest test = friedman_test(values, methods);
    EXPECT_EQ(test.reason, "") << name;
    expect_relative(test.chi_square, c.at("friedman")[0], name + ": chi square");
    expect_relative(test.chi_square_p, c.at("friedman")[1], name + ": p");
    expect_relative(test.f, c.at("iman_davenport")[0], name + ": F");
    expect_relative(test.f_p, c.at("iman_davenport")[1], name + ": p of F");
    const double difference = nemenyi_critical_difference(methods, blocks, c.at("alpha"));
    expect_relative(difference, c.at("critical_difference"), name + ": critical difference");
    const Values p = nemenyi_p_values(ranks, blocks), expected = flattened(c.at("nemenyi"));
    ASSERT_EQ(p.size(), expected.size());
    for (std::size_t i = 0; i < p.size(); ++i) expect_absolute(p[i], expected[i], name + ": Nemenyi");
    EXPECT_EQ(cliques(ranks, difference), c.at("cliques").get<Groups>()) << name;
  }
}

TEST(RankTests, PairsDifferExactlyWhereTheCriticalDifferenceSaysSo) {
  for (const auto& c : comparisons("ranks")) {
    const auto ranks = c.at("average_ranks").get<Values>();
    const Values p = nemenyi_p_values(ranks, c.at("values").size());
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      for (std::size_t j = 0; j < ranks.size(); ++j) {
        const bool differ = std::abs(ranks[i] - ranks[j]) > c.at("critical_difference").get<double>();
        EXPECT_EQ(differ, p[i * ranks.size() + j] < 0.05);
      }
    }
  }
}

TEST(RankTests, RanksFollowTheDirection) {
  const Values values = {0.9, 0.7, 0.7, 0.1, 0.8, 0.6, 0.5, 0.7};  // [2][4]
  EXPECT_EQ(average_ranks(values, 4, Better::higher), (Values{1, 2.75, 3.25, 3}));
  EXPECT_EQ(average_ranks(values, 4, Better::lower), (Values{4, 2.25, 1.75, 2}));
}

TEST(RankTests, PerfectAgreementHasAnInfiniteF) {
  const Values values = {1, 2, 3, 4, 5, 6, 0, 7, 8};
  const FriedmanTest test = friedman_test(values, 3);
  EXPECT_DOUBLE_EQ(test.chi_square, 6);
  EXPECT_EQ(test.f, kInfinity);
  EXPECT_EQ(test.f_p, 0);
  EXPECT_NEAR(test.chi_square_p, std::exp(-3), 1e-15);
}

TEST(RankTests, SayWhyThereIsNoTest) {
  EXPECT_EQ(friedman_test(Values{1, 2, 3, 4}, 2).reason, "fewer than three methods");
  EXPECT_EQ(friedman_test(Values{1, 2, 3}, 3).reason, "fewer than two blocks");
  EXPECT_EQ(friedman_test(Values{}, 3).reason, "fewer than two blocks");
  const FriedmanTest tied = friedman_test(Values(12, 0.5), 4);
  EXPECT_EQ(tied.reason, "all methods tied in every block");
  EXPECT_TRUE(std::isnan(tied.f_p));
}

TEST(RankTests, CliquesAreMaximalAndOverlap) {
  EXPECT_EQ(cliques(Values{3, 1, 2}, 1), (Groups{{1, 2}, {2, 0}}));
  EXPECT_EQ(cliques(Values{3, 1, 2}, 2), (Groups{{1, 2, 0}}));
  EXPECT_EQ(cliques(Values{3, 1, 2}, 0.5), Groups{});
  EXPECT_EQ(cliques(Values{2, 1, 1, 2}, 0), (Groups{{1, 2}, {0, 3}}));
  EXPECT_EQ(cliques(Values{1, 1.5, 4, 4.25, 5}, 1), (Groups{{0, 1}, {2, 3, 4}}));
  EXPECT_EQ(cliques(Values{}, 1), Groups{});
}

TEST(RankTests, RefuseWhatHasNoRanks) {
  EXPECT_THROW(average_ranks(Values{1, kMissing}, 2, Better::higher), Error);
  EXPECT_THROW(friedman_test(Values{1, 2, kInfinity, 1, 2, 3}, 3), Error);
  EXPECT_THROW(average_ranks(Values{1, 2, 3}, 2, Better::higher), std::invalid_argument);
  EXPECT_THROW(average_ranks(Values{1, 2}, 0, Better::higher), std::invalid_argument);
  EXPECT_THROW(average_ranks(Values{}, 2, Better::higher), std::invalid_argument);
  EXPECT_THROW(average_ranks(Values{1, 2}, 2, Better::neither), std::invalid_argument);
  EXPECT_THROW(friedman_test(Values(2002, 1.0), 1001), std::invalid_argument);
  EXPECT_THROW(nemenyi_critical_difference(1, 5, 0.05), std::invalid_argument);
  EXPECT_THROW(nemenyi_critical_difference(3, 0, 0.05), std::invalid_argument);
  EXPECT_THROW(nemenyi_critical_difference(3, 5, 1.5), std::invalid_argument);
  EXPECT_THROW(nemenyi_p_values(Values{1}, 5), std::invalid_argument);
  EXPECT_THROW(cliques(Values{1, 2}, -1), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

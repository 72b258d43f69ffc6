#include "results/comparisons/wilcoxon.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

TEST(WilcoxonTest, AgreesWithScipy) {
  ASSERT_EQ(comparisons("wilcoxon").size(), 14u);
  for (const auto& c : comparisons("wilcoxon")) {
    const std::string name = c.at("name");
    const Wilcoxon found = wilcoxon_signed_rank(c.at("differences").get<Values>());
    EXPECT_EQ(found.reason, "") << name;
    EXPECT_EQ(std::min(found.rank_sum_positive, found.rank_sum_negative), c.at("statistic")) << name;
    expect_relative(found.p, c.at("p"), name);
  }
}

TEST(WilcoxonTest, IsExactWhereScipyIs) {
  const auto exact = [&](std::size_t n, double last) {
    Values d(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) d[i] = static_cast<double>(i + 1) * (i % 2 == 0 ? 1 : -1);
    d[n - 1] = last;
    return wilcoxon_signed_rank(d).exact;
  };
  EXPECT_TRUE(exact(50, 99));
  EXPECT_FALSE(exact(51, 99));
  for (const double last : {0.0, -1.0}) {  // a zero, a tie
    EXPECT_TRUE(exact(13, last)) << last;
    EXPECT_FALSE(exact(14, last)) << last;
  }
}

// By counting the 2^n assignments of signs.
TEST(WilcoxonTest, ExactPIsAShareOfAssignments) {
  EXPECT_EQ(wilcoxon_signed_rank(Values{1, 2, 3}).p, 2.0 / 8);
  EXPECT_EQ(wilcoxon_signed_rank(Values{1, 2, -3}).p, 1);
  EXPECT_EQ(wilcoxon_signed_rank(Values{-1, 2, 3, 4}).p, 4.0 / 16);
  EXPECT_EQ(wilcoxon_signed_rank(Values{-1, 1, 3, 4}).p, 6.0 / 16);  // midranks 1.5, 1.5: three sums of at least 8.5
  EXPECT_EQ(wilcoxon_signed_rank(Values{0, 0, 5}).p, 1);
}

TEST(WilcoxonTest, SignsMayBeExchanged) {
  const Wilcoxon a = wilcoxon_signed_rank(Values{1, -2, 3, 4, 5, 5}),
                 b = wilcoxon_signed_rank(Values{-1, 2, -3, -4, -5, -5});
  EXPECT_EQ(a.p, b.p);
  EXPECT_EQ(a.rank_sum_positive, b.rank_sum_negative);
}

TEST(WilcoxonTest, NoDifferenceHasNoTest) {
  EXPECT_EQ(wilcoxon_signed_rank(Values{}).reason, "no differences");
  const Wilcoxon zeros = wilcoxon_signed_rank(Values{0, 0.0, -0.0});
  EXPECT_EQ(zeros.reason, "no difference other than 0");
  EXPECT_TRUE(std::isnan(zeros.p));
  EXPECT_EQ(zeros.used, 0);
}

TEST(WilcoxonTest, RefusesWhatIsNotANumber) { EXPECT_THROW(wilcoxon_signed_rank(Values{1, kMissing}), Error); }

}  // namespace
}  // namespace mtlgrid

#include "results/comparisons/best_of.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/errors.h"
#include "base/random.h"
#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

TEST(BestOfTest, AgreesWithTsamardinosInNumPy) {
  ASSERT_EQ(comparisons("best_of").size(), 3u);
  for (const auto& c : comparisons("best_of")) {
    const std::string name = c.at("name");
    const BestOf found = best_of(flattened(c.at("in_bag")), flattened(c.at("out_of_bag")), c.at("in_bag")[0].size(),
                                 c.at("higher").get<bool>() ? Better::higher : Better::lower, 0.95);
    EXPECT_EQ(found.reason, "") << name;
    EXPECT_EQ(found.used, c.at("used")) << name;
    expect_relative(found.corrected, c.at("corrected"), name);
    expect_relative(found.ci_low, c.at("interval")[0], name + ": low");
    expect_relative(found.ci_high, c.at("interval")[1], name + ": high");
    expect_relative(found.optimism, c.at("optimism"), name + ": optimism");
  }
}

// Methods that are all the same: the best in bag is chance, and its value out of bag is the methods' own mean, 0.5.
TEST(BestOfTest, RemovesTheOptimismOfChoosingByChance) {
  const RandomStream stream(7, "best of");
  constexpr std::size_t kReplicates = 20'000, kMethods = 5;
  Values in_bag(kReplicates * kMethods), out_of_bag(in_bag.size());
  for (std::size_t i = 0; i < in_bag.size(); ++i) {
    in_bag[i] = stream.uniform_double(2 * i);
    out_of_bag[i] = stream.uniform_double(2 * i + 1);
  }
  const BestOf found = best_of(in_bag, out_of_bag, kMethods, Better::higher, 0.95);
  EXPECT_NEAR(found.corrected, 0.5, 0.01);
  EXPECT_NEAR(found.optimism, 5.0 / 6 - 0.5, 0.01);  // the largest of five uniform numbers has the mean 5 / 6
  EXPECT_NEAR(found.ci_low, 0.025, 0.01);
}

TEST(BestOfTest, DoesNotDependOnTheOrderOfMethods) {
  const Values in_bag = {0.7, 0.9, 0.9, 0.8, 0.6, 0.7}, out_of_bag = {0.1, 0.2, 0.4, 0.5, 0.6, 0.7};
  const BestOf found = best_of(in_bag, out_of_bag, 3, Better::higher, 0.95);
  EXPECT_DOUBLE_EQ(found.corrected, (0.3 + 0.5) / 2);
  Values reversed_in = in_bag, reversed_out = out_of_bag;
  for (Values* v : {&reversed_in, &reversed_out}) {
    std::reverse(v->begin(), v->begin() + 3);
    std::reverse(v->begin() + 3, v->end());
  }
  EXPECT_EQ(best_of(reversed_in, reversed_out, 3, Better::higher, 0.95).corrected, found.corrected);
  EXPECT_DOUBLE_EQ(best_of(in_bag, out_of_bag, 3, Better::lower, 0.95).corrected, (0.1 + 0.6) / 2);
}

TEST(BestOfTest, LeavesOutReplicatesWithUndefinedValues) {
  const Values in_bag = {0.9, kMissing, 0.9, 0.8, 0.7, 0.8}, out_of_bag = {0.5, 0.5, kMissing, 0.5, kMissing, 0.4};
  const BestOf found = best_of(in_bag, out_of_bag, 2, Better::higher, 0.95);
  EXPECT_EQ(found.used, 1);  // only the last: its chosen method has a value
  EXPECT_EQ(found.corrected, 0.4);
  EXPECT_EQ(found.ci_low, 0.4);
}

TEST(BestOfTest, SaysWhyThereIsNone) {
  EXPECT_EQ(best_of(Values{}, Values{}, 2, Better::higher, 0.95).reason,
            "no replicate in which every method is defined");
  const BestOf none = best_of(Values{kMissing, 1}, Values{1, 1}, 2, Better::higher, 0.95);
  EXPECT_EQ(none.used, 0);
  EXPECT_TRUE(std::isnan(none.corrected));
  EXPECT_NE(none.reason, "");
}

TEST(BestOfTest, RefusesOtherShapes) {
  EXPECT_THROW(best_of(Values(4), Values(6), 2, Better::higher, 0.95), std::invalid_argument);
  EXPECT_THROW(best_of(Values(5), Values(5), 2, Better::higher, 0.95), std::invalid_argument);
  EXPECT_THROW(best_of(Values(4), Values(4), 0, Better::higher, 0.95), std::invalid_argument);
  EXPECT_THROW(best_of(Values(4), Values(4), 2, Better::neither, 0.95), std::invalid_argument);
  EXPECT_THROW(best_of(Values(4), Values(4), 2, Better::higher, 95), std::invalid_argument);
  EXPECT_THROW(best_of(Values{1, kInfinity}, Values{1, 1}, 2, Better::higher, 0.95), Error);
}

}  // namespace
}  // namespace mtlgrid

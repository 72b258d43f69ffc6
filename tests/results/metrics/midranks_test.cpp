#include "results/metrics/midranks.h"

#include <gtest/gtest.h>

#include <vector>

namespace mtlgrid {
namespace {

using Ranks = std::vector<std::int64_t>;

TEST(Midranks, AreTwiceTheMeanRankOfTies) {
  EXPECT_EQ(twice_midranks(std::vector<double>{0.5, -1, 0.5, 7}), (Ranks{5, 2, 5, 8}));
  EXPECT_EQ(twice_midranks(std::vector<double>{3, 3, 3}), (Ranks{4, 4, 4}));
  EXPECT_EQ(twice_midranks(std::vector<double>{0.0, -0.0}), (Ranks{3, 3}));
  EXPECT_EQ(twice_midranks(std::vector<double>{}), Ranks{});
}

}  // namespace
}  // namespace mtlgrid

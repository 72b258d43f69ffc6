#include "datasets/features/feature_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "datasets/features/half.h"

namespace mtlgrid {
namespace {

FeatureStatistics of(const std::vector<double>& values, std::int64_t width) {
  std::vector<std::uint16_t> halves(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) halves[i] = to_half(values[i]);
  return feature_statistics(halves, width);
}

TEST(FeatureStatistics, RangeMeanDeviationAndZeros) {
  const FeatureStatistics found = of({-1, 0, 2, 3, -0.0, 2}, 2);
  EXPECT_EQ(found.tiles, 3);
  EXPECT_EQ(found.least, -1);
  EXPECT_EQ(found.most, 3);
  EXPECT_DOUBLE_EQ(found.mean, 1);
  EXPECT_DOUBLE_EQ(found.deviation * found.deviation, 2);  // (4 + 1 + 1 + 4 + 1 + 1) / 6
  EXPECT_DOUBLE_EQ(found.zeros, 1.0 / 3);
  EXPECT_EQ(found.not_finite, 0);
}

TEST(FeatureStatistics, ValuesThatAreNotFiniteAreCountedAndLeftOut) {
  const FeatureStatistics found = of({1, INFINITY, NAN, 3}, 2);
  EXPECT_EQ(found.not_finite, 2);
  EXPECT_DOUBLE_EQ(found.mean, 2);
  EXPECT_EQ(of({NAN, NAN}, 2).mean, 0);
}

TEST(FeatureStatistics, ConstantFeaturesConstantTilesAndRepeatedOnes) {
  const FeatureStatistics found = of({7, 1, 1,  //
                                      7, 2, 3,  //
                                      7, 7, 7,  //
                                      7, 1, 1},
                                     3);
  EXPECT_EQ(found.constant_features, 1);
  EXPECT_EQ(found.constant_tiles, 1);
  EXPECT_EQ(found.repeated_tiles, 1);
  EXPECT_EQ(of({7, 1}, 2).constant_features, 0);  // of one tile nothing can be said
}

TEST(FeatureStatistics, OnlyWholeRows) {
  EXPECT_THROW(of({1, 2, 3}, 2), std::invalid_argument);
  EXPECT_THROW(of({}, 0), std::invalid_argument);
  EXPECT_EQ(of({}, 2).tiles, 0);
}

}  // namespace
}  // namespace mtlgrid

#include "results/tables/table_mean.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mtlgrid {
namespace {

using Auxiliaries = std::vector<std::size_t>;
using Values = std::vector<double>;

TEST(TableMean, IsOverFoldsAndThenOverAuxiliaries) {
  EXPECT_EQ(table_mean(Auxiliaries{0, 0, 1, 1}, Values{1, 2, 3, 4}), 2.5);
  EXPECT_EQ(table_mean(Auxiliaries{3}, Values{0.5}), 0.5);
}

TEST(TableMean, AnAuxiliaryWithFewerFoldsCountsAsMuch) {
  EXPECT_EQ(table_mean(Auxiliaries{0, 0, 0, 2}, Values{1, 1, 1, 3}), 2.0);
}

TEST(TableMean, OfNoCellsIsMissing) { EXPECT_TRUE(std::isnan(table_mean({}, {}))); }

TEST(TableMean, OfAnUndefinedValueIsUndefined) {
  EXPECT_TRUE(std::isnan(table_mean(Auxiliaries{0, 1}, Values{1, std::nan("")})));
}

TEST(FoldValues, AreMeansOverAuxiliariesByFold) {
  EXPECT_EQ(fold_values(std::vector{1, 0, 1}, Values{0.5, 0.25, 1}, 100), (Values{25, 75}));
  EXPECT_TRUE(fold_values({}, {}, 1).empty());
}

}  // namespace
}  // namespace mtlgrid

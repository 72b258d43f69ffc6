#include "results/tables/table_mean.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mtlgrid {
namespace {

using Places = std::vector<CellPlace>;
using Values = std::vector<double>;

TEST(TableMean, IsOverFoldsAndThenOverAuxiliaries) {
  EXPECT_EQ(table_mean(Places{{0, 0}, {0, 1}, {1, 0}, {1, 1}}, Values{1, 2, 3, 4}), 2.5);
  EXPECT_EQ(table_mean(Places{{3, 0}}, Values{0.5}), 0.5);
}

TEST(TableMean, AnAuxiliaryWithFewerFoldsCountsAsMuch) {
  EXPECT_EQ(table_mean(Places{{0, 0}, {0, 1}, {0, 2}, {2, 0}}, Values{1, 1, 1, 3}), 2.0);
}

TEST(TableMean, AFoldWithFewerRepeatsCountsAsMuch) {
  EXPECT_EQ(table_mean(Places{{0, 0, 0}, {0, 0, 1}, {0, 0, 2}, {0, 1, 0}}, Values{1, 2, 3, 6}), 4.0);
}

TEST(TableMean, CountsARepeatAsOftenAsItsWeightSays) {
  const Places places = {{0, 0, 0}, {0, 0, 1}, {0, 1, 0}};
  EXPECT_EQ(table_mean(places, Values{1, 4, 5}, std::vector{2, 1, 1}), 3.5);
  EXPECT_EQ(table_mean(places, Values{std::nan(""), 4, 6}, std::vector{0, 2, 1}), 5.0) << "who is not drawn";
  EXPECT_TRUE(std::isnan(table_mean(places, Values{1, 4, 5}, std::vector{0, 0, 1}))) << "no repeat of fold 0";
}

TEST(TableMean, OfNoCellsIsMissing) { EXPECT_TRUE(std::isnan(table_mean({}, {}))); }

TEST(TableMean, OfAnUndefinedValueIsUndefined) {
  EXPECT_TRUE(std::isnan(table_mean(Places{{0, 0}, {1, 0}}, Values{1, std::nan("")})));
}

TEST(FoldValues, AreMeansOverAuxiliariesAndRepeatsByFold) {
  EXPECT_EQ(fold_values(Places{{0, 1}, {1, 0}, {1, 1}}, Values{0.5, 0.25, 1}, 100), (Values{25, 75}));
  EXPECT_EQ(fold_values(Places{{0, 0, 0}, {0, 0, 1}}, Values{1, 2}, 1), (Values{1.5}));
  EXPECT_TRUE(fold_values({}, {}, 1).empty());
}

}  // namespace
}  // namespace mtlgrid

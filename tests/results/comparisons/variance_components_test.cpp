#include "results/comparisons/variance_components.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/errors.h"
#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

VarianceComponents of_case(const nlohmann::json& c) {
  const auto& y = c.at("values");
  return variance_components(flattened(y), y.size(), y[0].size(), y[0][0].size(),
                             c.at("nested").get<bool>() ? FoldDesign::nested : FoldDesign::crossed);
}

TEST(VarianceComponentsTest, AgreeWithLeastSquares) {
  ASSERT_EQ(comparisons("variance").size(), 4u);
  for (const auto& c : comparisons("variance")) {
    const VarianceComponents found = of_case(c);
    EXPECT_EQ(found.reason, "");
    const auto check = [&](const char* source, const VarianceComponent& part) {
      const std::string what = c.at("name").get<std::string>() + ": " + source;
      const double raw = c.at("raw").at(source);
      expect_relative(part.mean_square, c.at("mean_squares").at(source), what + ", mean square");
      EXPECT_NEAR(part.variance, std::max(0.0, raw), 1e-9 * part.mean_square) << what;
      EXPECT_EQ(part.set_to_zero, raw < 0) << what;
    };
    check("method", found.method);
    check("fold", found.fold);
    check("repeat", found.repeat);
    check("residual", found.residual);
  }
}

TEST(VarianceComponentsTest, AreThoseOfRestrictedMaximumLikelihood) {
  const auto& c = comparisons("variance")[0];
  const auto expected = c.at("mixedlm").get<Values>();
  const VarianceComponents found = of_case(c);
  const Values variances = {found.method.variance, found.fold.variance, found.repeat.variance, found.residual.variance};
  for (std::size_t i = 0; i < 4; ++i) expect_close(variances[i], expected[i], "REML", tolerance("mixedlm"));
}

// Methods 0 and 2, folds 0 and 4, repeats 0 and 6, added without a residual: variances of two values 2, 8 and 18.
TEST(VarianceComponentsTest, SplitASumExactly) {
  const Values y = {0, 6, 4, 10, 2, 8, 6, 12};
  const VarianceComponents found = variance_components(y, 2, 2, 2, FoldDesign::crossed);
  EXPECT_EQ(found.mean, 6);
  EXPECT_EQ(found.method.variance, 2);
  EXPECT_EQ(found.fold.variance, 8);
  EXPECT_EQ(found.repeat.variance, 18);
  EXPECT_EQ(found.residual.variance, 0);
  EXPECT_EQ(found.residual.degrees_of_freedom, 4);
  const VarianceComponents nested = variance_components(y, 2, 2, 2, FoldDesign::nested);
  EXPECT_EQ(nested.fold.variance, 8);
  EXPECT_EQ(nested.fold.degrees_of_freedom, 2);
  EXPECT_EQ(nested.residual.degrees_of_freedom, 3);
  EXPECT_EQ(nested.repeat.variance, 18 - 8.0 / 2);
}

TEST(VarianceComponentsTest, DegreesOfFreedomAddUpToAllButOne) {
  for (const auto& c : comparisons("variance")) {
    const VarianceComponents f = of_case(c);
    EXPECT_EQ(f.method.degrees_of_freedom + f.fold.degrees_of_freedom + f.repeat.degrees_of_freedom +
                  f.residual.degrees_of_freedom,
              std::ssize(flattened(c.at("values"))) - 1);
  }
}

TEST(VarianceComponentsTest, ConstantValuesHaveNoVariance) {
  const VarianceComponents found = variance_components(Values(8, 0.5), 2, 2, 2, FoldDesign::nested);
  EXPECT_EQ(found.method.variance + found.fold.variance + found.repeat.variance + found.residual.variance, 0);
  EXPECT_FALSE(found.method.set_to_zero);
}

TEST(VarianceComponentsTest, SayWhyThereAreNone) {
  EXPECT_EQ(variance_components(Values(4, 1), 1, 2, 2, FoldDesign::crossed).reason, "fewer than two methods");
  EXPECT_EQ(variance_components(Values(4, 1), 2, 1, 2, FoldDesign::crossed).reason, "fewer than two folds");
  const VarianceComponents one = variance_components(Values(4, 1), 2, 2, 1, FoldDesign::nested);
  EXPECT_EQ(one.reason, "fewer than two repeats");
  EXPECT_TRUE(std::isnan(one.residual.variance));
  EXPECT_EQ(variance_components(Values{}, 0, 0, 0, FoldDesign::crossed).reason, "fewer than two repeats");
}

TEST(VarianceComponentsTest, RefuseATableWithHoles) {
  EXPECT_THROW(variance_components(Values(7, 1), 2, 2, 2, FoldDesign::crossed), std::invalid_argument);
  Values y(8, 1);
  y[3] = kMissing;
  EXPECT_THROW(variance_components(y, 2, 2, 2, FoldDesign::crossed), Error);
}

}  // namespace
}  // namespace mtlgrid

// The resampling law, seen from outside: intervals cover the truth as often as they should, and are as wide.
#include <gtest/gtest.h>

#include "tests/results/metrics/binormal.h"

namespace mtlgrid {
namespace {

TEST(Coverage, OfBootstrapAndDelongIsNearNominalAndTheirWidthsAgree) {
  const CoverageOfBoth found = coverage_of({100, 0.3, 0.8}, 300, {200, 0.95}, RandomStream(1, "coverage"));
  ASSERT_EQ(found.bootstrap.intervals, 300);
  ASSERT_EQ(found.delong.intervals, 300);
  // 94 % of 5,000 data sets (docs/statistics.md): 282 of 300, standard deviation 4.1; the bounds are four of these.
  for (const Coverage& c : {found.bootstrap, found.delong}) {
    EXPECT_GE(c.covered, 266);
    EXPECT_LE(c.covered, 298);
  }
  // Widths are 3.92 standard errors. Drawing half or twice the patients would change the bootstrap's by 1.41.
  EXPECT_NEAR(found.bootstrap.mean_width() / found.delong.mean_width(), 1.0, 0.05);
}

}  // namespace
}  // namespace mtlgrid

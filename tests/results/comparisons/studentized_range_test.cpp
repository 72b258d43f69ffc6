#include "results/comparisons/studentized_range.h"

#include <cmath>
#include <stdexcept>

#include "tests/results/comparisons/comparisons_oracle.h"

namespace mtlgrid {
namespace {

TEST(StudentizedRange, AgreesWithScipy) {
  ASSERT_EQ(comparisons("studentized_range").size(), 56u);
  for (const auto& c : comparisons("studentized_range")) {
    const double q = c.at("q");
    const int k = c.at("k");
    const std::string what = std::to_string(k) + " numbers, q " + std::to_string(q);
    expect_absolute(studentized_range_survival(q, k), c.at("survival"), what);
    expect_absolute(studentized_range_cdf(q, k), c.at("cdf"), what);
  }
}

TEST(StudentizedRange, KeepsTheDigitsOfFarTails) {
  ASSERT_EQ(comparisons("studentized_range_tail").size(), 5u);
  for (const auto& c : comparisons("studentized_range_tail")) {
    expect_close(studentized_range_survival(c.at("q"), c.at("k")), c.at("survival"), "mpmath", 1e-11);
  }
}

TEST(StudentizedRange, CriticalValuesAgreeWithScipy) {
  for (const auto& c : comparisons("critical_values")) {
    expect_relative(studentized_range_critical(c.at("alpha"), c.at("k")), c.at("q"), "k " + c.at("k").dump());
  }
}

// The difference of two normal numbers is normal with variance 2.
TEST(StudentizedRange, OfTwoNumbersIsNormal) {
  for (const double q : {0.01, 0.5, 2.0, 7.0, 20.0, 40.0}) {
    expect_close(studentized_range_survival(q, 2), std::erfc(q / 2), "q " + std::to_string(q), 1e-11);
  }
}

TEST(StudentizedRange, CriticalValuesInvertTheTail) {
  for (const int k : {2, 17, 1000}) {
    for (const double alpha : {0.999, 0.5, 1e-3, 1e-12, 1e-100}) {
      expect_close(studentized_range_survival(studentized_range_critical(alpha, k), k), alpha, std::to_string(k), 1e-9);
    }
  }
}

TEST(StudentizedRange, IsOneAtZeroAndFallsTowardsZero) {
  double last = 1;
  EXPECT_EQ(studentized_range_survival(0, 5), 1);
  for (double q = 0.5; q < 50; q += 0.5) {
    const double now = studentized_range_survival(q, 5);
    EXPECT_LT(now, last) << q;
    EXPECT_GT(now, 0) << q;
    last = now;
  }
  EXPECT_EQ(studentized_range_survival(1000, 5), 0);
  EXPECT_EQ(studentized_range_survival(kInfinity, 5), 0);
}

TEST(StudentizedRange, RefusesOtherParameters) {
  EXPECT_THROW(studentized_range_survival(1, 1), std::invalid_argument);
  EXPECT_THROW(studentized_range_survival(-1, 3), std::invalid_argument);
  EXPECT_THROW(studentized_range_cdf(std::nan(""), 3), std::invalid_argument);
  for (const double alpha : {0.0, 1.0, -1.0}) EXPECT_THROW(studentized_range_critical(alpha, 3), std::invalid_argument);
  EXPECT_THROW(studentized_range_critical(0.05, 1), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid

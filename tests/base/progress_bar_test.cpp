// Progress and times for people.
#include "base/progress_bar.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <cmath>

#include "base/local_time.h"

namespace mtlgrid {
namespace {

TEST(ProgressBar, IsFullOnlyWhereAllIsDone) {
  EXPECT_EQ(whole_percent(0.9999), 99);
  EXPECT_EQ(whole_percent(1), 100);
  EXPECT_EQ(whole_percent(NAN), 0);
  EXPECT_EQ(whole_percent(7), 100);
  EXPECT_EQ(progress_bar(0.999, 4), "[###.]  99 %");
  EXPECT_EQ(progress_bar(1, 4), "[####] 100 %");
  EXPECT_EQ(progress_bar(0.5, 0), " 50 %");
}

TEST(LocalTime, IsThatOfTheTimeZone) {
  setenv("TZ", "XYZ-2", 1);  // two hours east of Greenwich
  tzset();
  EXPECT_EQ(local_time(1'000'000'000), "2001-09-09 03:46:40");
  EXPECT_EQ(local_clock(1'000'000'000), "03:46:40");
  EXPECT_EQ(expected_at(1'000'000'001, 1'000'000'000), "03:47") << "rounded up";
  EXPECT_EQ(expected_at(1'000'086'400, 1'000'000'000), "Mon 03:47");
  EXPECT_EQ(expected_at(1'000'864'000, 1'000'000'000), "2001-09-19 03:47");
  EXPECT_EQ(local_time(NAN), "?");
  unsetenv("TZ");
  tzset();
}

}  // namespace
}  // namespace mtlgrid

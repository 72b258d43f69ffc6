#include "orchestrator/durations/plan_times.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "orchestrator/durations/makespan.h"
#include "tests/orchestrator/durations/measured_grid.h"

namespace mtlgrid {
namespace {

using testing::Durations;

// Of grids that a truth was drawn for, 8 in 10 end within the range that was predicted from some cells; also where
// these are of one fold.
class Ranges : public Durations {
 protected:
  static void expect_to_hold(bool of_one_fold);
};
void Ranges::expect_to_hold(bool of_one_fold) {
  const std::vector<int> workers = {1, 16, 64};
  std::vector<int> within(workers.size());
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    const auto all = measured(truth(seed));
    auto known = all;
    if (of_one_fold) std::erase_if(known, [](const MeasuredCell& m) { return m.cell.fold != 0; });
    DurationModel l = model();
    l.learn(some(known, 40, seed));
    auto order = all;
    std::stable_sort(order.begin(), order.end(), [&](const MeasuredCell& a, const MeasuredCell& b) {
      return l.expected(a.cell) > l.expected(b.cell);
    });
    std::mt19937 random(seed + 2000);
    const double conditions = std::exp(0.12 * std::normal_distribution<double>()(random));  // another day
    std::vector<double> real;
    for (const MeasuredCell& m : order) real.push_back(conditions * m.seconds);
    const auto times = predict_times(l, cells(), workers);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      const double end = remaining_makespan({}, real, workers[i]);
      within[i] += end >= times[i].low && end <= times[i].high;
    }
  }
  for (std::size_t i = 0; i < workers.size(); ++i) {
    EXPECT_GE(within[i], 19) << workers[i] << " workers";
    EXPECT_LE(within[i], 29) << workers[i] << " workers";
  }
}

TEST_F(Ranges, HoldWhatTheySay) { expect_to_hold(false); }
TEST_F(Ranges, FromOneFoldHoldWhatTheySay) { expect_to_hold(true); }

TEST(JobsNeeded, CountWhatAJobGivesUp) {
  EXPECT_EQ(jobs_needed(3 * 3600, 4 * 3600, 100), 1);
  EXPECT_EQ(jobs_needed(4 * 3600, 4 * 3600, 100), 2);
  EXPECT_EQ(jobs_needed(24 * 3600, 8 * 3600, 100), 4);
  EXPECT_EQ(jobs_needed(0, 3600, 100), 1);
  EXPECT_EQ(jobs_needed(60, 120, 100), 0) << "no time is left";
}

}  // namespace
}  // namespace mtlgrid

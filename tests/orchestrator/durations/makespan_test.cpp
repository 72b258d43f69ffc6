#include "orchestrator/durations/makespan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace mtlgrid {
namespace {

// Each cell of the queue to the slot that is free first, looking at all of them each time.
double by_hand(std::vector<double> running, const std::vector<double>& queued, int slots) {
  running.resize(static_cast<std::size_t>(slots), 0);
  for (const double length : queued) *std::min_element(running.begin(), running.end()) += length;
  return *std::max_element(running.begin(), running.end());
}

TEST(RemainingMakespan, IsWhatListSchedulingGives) {
  std::mt19937 random(1);
  std::exponential_distribution<double> length;
  for (int round = 0; round < 300; ++round) {
    const int slots = 1 + static_cast<int>(random() % 12);
    std::vector<double> running(random() % static_cast<unsigned>(slots + 1)), queued(random() % 40);
    for (double& x : running) x = length(random);
    for (double& x : queued) x = length(random);
    EXPECT_DOUBLE_EQ(remaining_makespan(running, queued, slots), by_hand(running, queued, slots));
  }
}

TEST(RemainingMakespan, KnowsTheOrderOfTheQueue) {
  EXPECT_EQ(remaining_makespan({}, {4, 3, 2, 1}, 1), 10);
  EXPECT_EQ(remaining_makespan({}, {4, 3, 2, 1}, 2), 5);
  EXPECT_EQ(remaining_makespan({}, {1, 1, 1, 1, 4}, 2), 6) << "the longest last";
  EXPECT_EQ(remaining_makespan({}, {4, 3, 2, 1}, 64), 4);
  EXPECT_EQ(remaining_makespan({7, 1}, {2, 2}, 2), 7);
  EXPECT_EQ(remaining_makespan({7, 1}, {2, 2}, 3), 7);
  EXPECT_EQ(remaining_makespan({}, {}, 3), 0);
}

}  // namespace
}  // namespace mtlgrid

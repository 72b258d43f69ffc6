#include "datasets/splits/balanced_partition.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "datasets/splits/partition_search.h"

namespace mtlgrid::testing {
namespace {

PartitionTask equal_parts(const std::vector<std::vector<int>>& counts, int parts) {
  PartitionTask task{counts, {}, parts, std::vector<int>(static_cast<std::size_t>(parts), 1)};
  std::vector<std::int64_t> sums(counts.front().size(), 0);
  for (const auto& row : counts) {
    for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += row[c];
  }
  task.wanted.assign(static_cast<std::size_t>(parts), sums);
  return task;
}

// By the definition, of a division written out.
PartitionCost cost_of(const PartitionTask& task, const std::vector<int>& part) {
  PartitionCost cost;
  for (std::size_t p = 0; p < task.wanted.size(); ++p) {
    for (std::size_t c = 0; c < task.wanted[p].size(); ++c) {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < part.size(); ++i) sum += part[i] == static_cast<int>(p) ? task.counts[i][c] : 0;
      const std::int64_t deviation = std::abs(task.unit * sum - task.wanted[p][c]);
      cost.lacking += sum == 0 ? task.weight_of_lack[p] : 0;
      cost.largest = std::max(cost.largest, deviation);
      cost.sum += deviation;
    }
  }
  return cost;
}

// The least cost of all parts^items divisions.
PartitionCost least_cost(const PartitionTask& task) {
  std::vector<int> part(task.counts.size(), 0);
  PartitionCost least = cost_of(task, part);
  for (;;) {
    std::size_t i = 0;
    while (i < part.size() && ++part[i] == static_cast<int>(task.wanted.size())) part[i++] = 0;
    if (i == part.size()) return least;
    least = std::min(least, cost_of(task, part));
  }
}

std::vector<std::vector<int>> random_counts(std::size_t items, int largest, std::mt19937& random) {
  std::vector<std::vector<int>> counts;
  for (std::size_t i = 0; i < items; ++i) {
    const int positive = static_cast<int>(random() % static_cast<unsigned>(largest + 1));
    counts.push_back({positive, static_cast<int>(random() % static_cast<unsigned>(2 * largest)) + (positive == 0)});
  }
  return counts;
}

TEST(BalancedPartition, EqualsTheBestOfAllDivisionsOnSmallTasks) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 120; ++trial) {
    const std::size_t items = 2 + random() % 6;
    const int parts = 2 + static_cast<int>(random() % 3), largest = 1 + static_cast<int>(random() % 30);
    const PartitionTask task = equal_parts(random_counts(items, largest, random), parts);
    const Partition found = balanced_partition(task, static_cast<std::uint32_t>(trial));
    ASSERT_EQ(found.cost, cost_of(task, found.part)) << trial;
    EXPECT_EQ(found.cost, least_cost(task)) << trial;
    EXPECT_TRUE(found.best) << trial;
    EXPECT_EQ(found.bound, found.cost) << trial;
  }
}

TEST(BalancedPartition, EqualsTheBestOfAllDivisionsIntoUnequalParts) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 60; ++trial) {
    PartitionTask task = equal_parts(random_counts(2 + random() % 9, 12, random), 2);
    task.unit = 10;
    task.weight_of_lack = {3, 1};
    for (std::size_t c = 0; c < 2; ++c) {
      const std::int64_t members = task.wanted[0][c], share = 1 + static_cast<std::int64_t>(random() % 9);
      task.wanted[0][c] = (10 - share) * members;
      task.wanted[1][c] = share * members;
    }
    const Partition found = balanced_partition(task, 1);
    EXPECT_EQ(found.cost, least_cost(task)) << trial;
    EXPECT_TRUE(found.best) << trial;
  }
}

// No division is better than the bound, before the search has proven more.
TEST(BalancedPartition, TheBoundHolds) {
  std::mt19937 random(13);
  for (int trial = 0; trial < 80; ++trial) {
    const PartitionTask task = equal_parts(random_counts(3 + random() % 4, 9, random), 3);
    const PartitionCost bound = balanced_partition(task, 1, {1, 0}).bound, least = least_cost(task);
    EXPECT_LE(bound.lacking, least.lacking) << trial;
    EXPECT_LE(bound.largest, least.largest) << trial;
    EXPECT_LE(bound.sum, least.sum) << trial;
  }
}

// Exchanges alone, against the search of all divisions with as many steps as it needs.
TEST(BalancedPartition, ExchangesAloneAreWithinOneMemberOfTheBest) {
  std::mt19937 random(17);
  int proven = 0;
  for (int trial = 0; trial < 12; ++trial) {
    const int parts = 3 + trial % 3;
    const PartitionTask task = equal_parts(random_counts(10 + random() % 4, 25, random), parts);
    const Partition without = balanced_partition(task, 1, {1'000'000, 0});
    const Partition with = balanced_partition(task, 1, {1'000'000, 40'000'000});
    if (!with.best) continue;
    ++proven;
    EXPECT_EQ(without.cost.lacking, with.cost.lacking) << trial;
    EXPECT_LE(without.cost.largest, with.cost.largest + parts) << trial;
  }
  EXPECT_GE(proven, 8);
}

TEST(BalancedPartition, ScarceMembersAreSpreadBeforeCountsAreEvened) {
  // Two positives in two items: both parts have one, though the sizes would be nearer otherwise.
  const PartitionTask task = equal_parts({{1, 0}, {1, 0}, {0, 10}, {0, 10}}, 2);
  const Partition found = balanced_partition(task, 1);
  EXPECT_EQ(found.cost, (PartitionCost{0, 0, 0}));
  EXPECT_NE(found.part[0], found.part[1]);
  EXPECT_NE(found.part[2], found.part[3]);
}

TEST(BalancedPartition, SeedsDecideBetweenEqualDivisionsAndNothingElse) {
  std::mt19937 random(19);
  const PartitionTask task = equal_parts(random_counts(30, 8, random), 5);
  const Partition one = balanced_partition(task, 1337), again = balanced_partition(task, 1337);
  EXPECT_EQ(one.part, again.part);
  const Partition other = balanced_partition(task, 1338);
  EXPECT_NE(one.part, other.part);
  EXPECT_LE(std::abs(one.cost.largest - other.cost.largest), task.unit);
}

TEST(BalancedPartition, ThousandsOfSingleMembersAreDividedEvenly) {
  std::vector<std::vector<int>> counts;
  for (int i = 0; i < 5000; ++i) counts.push_back({i % 3 == 0, i % 3 != 0});
  const Partition found = balanced_partition(equal_parts(counts, 5), 1);
  EXPECT_TRUE(found.best);
  EXPECT_LT(found.cost.largest, 5) << "less than one member";
}

}  // namespace
}  // namespace mtlgrid::testing

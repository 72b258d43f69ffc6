#include "results/tables/repeat_draws.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace mtlgrid {
namespace {

constexpr int kReplicates = 20'000;
const std::vector<std::string> kAuxiliaries = {"LF", "SF"};

std::vector<CellPlace> of_fold(std::size_t auxiliary, int fold, int repeats) {
  std::vector<CellPlace> places;
  for (int r = 0; r < repeats; ++r) places.push_back({auxiliary, fold, r});
  return places;
}

// The variance over replicates of the weighted mean of one fold's repeats.
double variance_of_mean(const RepeatDraws& draws, const std::vector<CellPlace>& places,
                        const std::vector<double>& values) {
  double sum = 0, squares = 0;
  std::vector<int> weights(places.size());
  for (std::size_t r = 0; r < kReplicates; ++r) {
    for (std::size_t i = 0; i < places.size(); ++i) weights[i] = draws.weight(places[i], r);
    const double mean = table_mean(places, values, weights);
    sum += mean;
    squares += mean * mean;
  }
  return squares / kReplicates - sum / kReplicates * (sum / kReplicates);
}

TEST(RepeatDraws, GiveTheVarianceOfTheMeanWithoutBias) {
  for (const int repeats : {2, 3, 5, 10}) {
    std::vector<double> values;
    for (int r = 0; r < repeats; ++r) values.push_back(0.6 + 0.01 * r * r);
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / repeats;
    double squares = 0;
    for (const double v : values) squares += (v - mean) * (v - mean);
    const double expected = squares / (repeats - 1) / repeats;
    const auto places = of_fold(0, 0, repeats);
    const RepeatDraws draws(7, "MSI", kAuxiliaries, places, kReplicates);
    EXPECT_NEAR(variance_of_mean(draws, places, values) / expected, 1, 0.04) << repeats << " repeats";
  }
}

TEST(RepeatDraws, DrawOneLessThanThereAre) {
  const auto places = of_fold(1, 2, 4);
  const RepeatDraws draws(7, "MSI", kAuxiliaries, places, 50);
  EXPECT_TRUE(draws.vary());
  for (std::size_t r = 0; r < 50; ++r) {
    int drawn = 0;
    for (const CellPlace& p : places) drawn += draws.weight(p, r);
    EXPECT_EQ(drawn, 3);
  }
}

TEST(RepeatDraws, ASingleRepeatAlwaysCounts) {
  std::vector<CellPlace> places = of_fold(0, 0, 1);
  EXPECT_FALSE(RepeatDraws(7, "MSI", kAuxiliaries, places, 10).vary());
  const auto more = of_fold(0, 1, 2);
  places.insert(places.end(), more.begin(), more.end());
  const RepeatDraws draws(7, "MSI", kAuxiliaries, places, 10);
  for (std::size_t r = 0; r < 10; ++r) EXPECT_EQ(draws.weight(places[0], r), 1);
  EXPECT_EQ(RepeatDraws(7, "MSI", kAuxiliaries, {}, 10).weight(places[0], 3), 1);
}

TEST(RepeatDraws, OfAFoldDoNotDependOnTheOtherFolds) {
  const auto one = of_fold(0, 0, 3);
  std::vector<CellPlace> all = of_fold(1, 0, 3);
  all.insert(all.end(), one.begin(), one.end());
  all.insert(all.end(), one.begin(), one.end());  // another method's
  const RepeatDraws alone(7, "MSI", kAuxiliaries, one, 100), together(7, "MSI", kAuxiliaries, all, 100);
  int other = 0;
  for (std::size_t r = 0; r < 100; ++r) {
    for (const CellPlace& p : one) {
      EXPECT_EQ(alone.weight(p, r), together.weight(p, r));
      other += together.weight({1, p.fold, p.repeat}, r) != together.weight(p, r);
    }
  }
  EXPECT_GT(other, 0);
}

}  // namespace
}  // namespace mtlgrid

#include "base/random.h"

#include <Random123/philox.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/oracle/oracle.h"

namespace mtlgrid {
namespace {

using Counter = r123::Philox4x32::ctr_type;
using Key = r123::Philox4x32::key_type;

TEST(Philox, GivesRandom123sKnownAnswers) {
  const struct {
    Counter counter;
    Key key;
    Counter answer;
  } cases[] = {
      {{{0, 0, 0, 0}}, {{0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
       {{0xffffffff, 0xffffffff}},
       {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       {{0xa4093822, 0x299f31d0}},
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  };
  for (const auto& c : cases) EXPECT_EQ(r123::Philox4x32()(c.counter, c.key), c.answer);
}

TEST(RandomStream, IsPhiloxKeyedByTheHashOfItsName) {
  const std::string name = "MSI/LF/3/dropout";
  const std::uint64_t key = XXH3_64bits_withSeed(name.data(), name.size(), 1337);
  const RandomStream stream(1337, name);
  for (const std::uint64_t block : {std::uint64_t{0}, std::uint64_t{5}, (std::uint64_t{7} << 32) + 9}) {
    const auto expected =
        r123::Philox4x32()(Counter{{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), 0, 0}},
                           Key{{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}});
    const auto words = stream.block(block);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(words.word[i], expected[i]);
      EXPECT_EQ(stream.bits(4 * block + i), expected[i]);
    }
  }
}

TEST(RandomStream, NumbersAreTheSameOnEveryMachineAndVersion) {
  const RandomStream stream(1337, "a");
  EXPECT_EQ(stream.bits(0), RandomStream(1337, "a").bits(0));
  EXPECT_EQ(stream.bits(0), 0xa02a9c73u);
  EXPECT_EQ(stream.child(3).bits(7), 0x53508013u);
}

// tests/oracle/streams.py: the same laws from their descriptions, in Python.
TEST(RandomStream, FollowsTheOracleInPython) {
  ASSERT_EQ(stream_cases().size(), 6u);
  for (const auto& [stream, c] : stream_cases()) {
    SCOPED_TRACE(c["name"].get<std::string>());
    const auto far = stream.block((std::uint64_t{7} << 32) + 9);
    EXPECT_EQ(std::vector<std::uint32_t>(far.word, far.word + 4), c["far_block"].get<std::vector<std::uint32_t>>());
    for (std::size_t i = 0; i < c["bits"].size(); ++i) EXPECT_EQ(stream.bits(i), c["bits"][i]);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(stream.uniform_double(i), c["uniform_double"][i]);
      std::uint64_t counter = i;
      EXPECT_EQ(stream.below(3'000'000'000u, counter), c["below"][i]);
    }
    EXPECT_EQ(stream.permutation(23), c["permutation"].get<std::vector<std::uint32_t>>());
  }
}

TEST(RandomStream, FloatsAreTheHighBits) {
  const RandomStream stream(1, "x");
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(stream.uniform_float(i), std::ldexp(static_cast<float>(stream.bits(i) >> 8), -24));
    const std::uint64_t both = (static_cast<std::uint64_t>(stream.bits(2 * i)) << 32) | stream.bits(2 * i + 1);
    EXPECT_EQ(stream.uniform_double(i), std::ldexp(static_cast<double>(both >> 11), -53));
  }
}

// Pearson's chi square of counts that should be equal.
double chi_square(const std::vector<int>& counts) {
  double sum = 0, out = 0;
  for (const int c : counts) sum += c;
  const double expected = sum / static_cast<double>(counts.size());
  for (const int c : counts) out += (c - expected) * (c - expected) / expected;
  return out;
}

TEST(RandomStream, UniformNumbersFillEveryBinAlike) {
  const RandomStream stream(1337, "uniform");
  std::vector<int> single(64, 0), doubled(64, 0), bounded(61, 0);
  std::uint64_t counter = 0;
  for (std::uint64_t i = 0; i < 64'000; ++i) {
    ++single[static_cast<std::size_t>(stream.uniform_float(i) * 64)];
    ++doubled[static_cast<std::size_t>(stream.uniform_double(i) * 64)];
    ++bounded[stream.below(61, counter)];
  }
  // 63 and 60 degrees of freedom: 0.9999 quantiles are 112.6 and 108.5 (fixed seeds: no chance is involved).
  EXPECT_LT(chi_square(single), 112.6);
  EXPECT_LT(chi_square(doubled), 112.6);
  EXPECT_LT(chi_square(bounded), 108.5);
}

double correlation(const RandomStream& a, const RandomStream& b, std::uint64_t lag) {
  double sum = 0;
  constexpr std::uint64_t kCount = 40'000;
  for (std::uint64_t i = 0; i < kCount; ++i) sum += (a.uniform_double(i) - 0.5) * (b.uniform_double(i + lag) - 0.5);
  return 12 * sum / kCount;
}

TEST(RandomStream, StreamsAreUncorrelatedWithEachOtherAndThemselves) {
  const RandomStream a(1337, "MSI/LF/3/dropout"), b(1337, "MSI/LF/4/dropout"), c(1338, "MSI/LF/3/dropout");
  constexpr double kFourSigma = 4 / 200.0;  // standard deviation 1 / sqrt(40000)
  EXPECT_LT(std::fabs(correlation(a, b, 0)), kFourSigma);
  EXPECT_LT(std::fabs(correlation(a, c, 0)), kFourSigma);
  EXPECT_LT(std::fabs(correlation(a, a, 1)), kFourSigma);
  EXPECT_LT(std::fabs(correlation(a, a.child(0), 0)), kFourSigma);
  EXPECT_LT(std::fabs(correlation(a.child(0), a.child(1), 0)), kFourSigma);
}

TEST(RandomStream, ChildrenDifferFromEachOtherAndFromTheOrderOfTheirIndices) {
  const RandomStream root(1, "r");
  std::set<std::uint32_t> first{root.bits(0), root.child(0).child(1).bits(0), root.child(1).child(0).bits(0)};
  for (std::uint64_t i = 0; i < 1000; ++i) first.insert(root.child(i).bits(0));
  EXPECT_GE(first.size(), 1002u);  // two of 1003 32-bit words may meet, hardly more
}

TEST(RandomStream, BelowStaysBelowAndMovesTheCounter) {
  const RandomStream stream(1, "below");
  for (const std::uint32_t n : {1u, 2u, 3u, 0x80000001u, 0xffffffffu}) {
    std::uint64_t counter = 5;
    EXPECT_LT(stream.below(n, counter), n);
    EXPECT_GT(counter, 5u);
  }
}

TEST(RandomStream, ManyBelowAreThoseOfSingleCalls) {
  const RandomStream stream(1, "many");
  for (const std::uint32_t n : {1u, 7u, 3u << 30}) {
    std::uint64_t one_by_one = 3, together = 3;  // from the middle of a block
    std::vector<std::uint32_t> many(50);
    stream.below(n, together, many);
    for (const std::uint32_t value : many) EXPECT_EQ(stream.below(n, one_by_one), value) << n;
    EXPECT_EQ(together, one_by_one);
  }
}

TEST(RandomStream, BelowRejectsTheWordsThatWouldFavourSomeNumbers) {
  // n = 3 * 2^30: 2^30 of the 2^32 words must be rejected, a quarter.
  const RandomStream stream(1, "reject");
  std::uint64_t counter = 0;
  for (int i = 0; i < 30'000; ++i) stream.below(3u << 30, counter);
  EXPECT_NEAR(static_cast<double>(counter), 40'000, 600);
}

TEST(RandomStream, EveryPermutationIsEquallyLikely) {
  const RandomStream root(1337, "permutation");
  std::map<std::vector<std::uint32_t>, int> counts;
  for (std::uint64_t i = 0; i < 24'000; ++i) ++counts[root.child(i).permutation(4)];
  ASSERT_EQ(counts.size(), 24u);
  std::vector<int> flat;
  for (const auto& [order, count] : counts) flat.push_back(count);
  EXPECT_LT(chi_square(flat), 56.0);  // 23 degrees of freedom, 0.9999 quantile 55.9
  EXPECT_TRUE(root.permutation(0).empty());
  EXPECT_THAT(root.permutation(1), ::testing::ElementsAre(0));
}

}  // namespace
}  // namespace mtlgrid

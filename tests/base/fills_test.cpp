// Vectors filled from a stream: uniform numbers and dropout masks.
#include <Random123/philox.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/philox.h"
#include "tests/oracle/oracle.h"

namespace mtlgrid {
namespace {

const RandomStream kStream(1337, "MSI/LF/3/test");

TEST(Fills, AreRandom123sPhiloxInTheDocumentedOrder) {
  std::vector<float> u(200);
  fill_uniform(kStream, u);
  const RandomStream::Block key = kStream.block(0);
  for (std::size_t e = 0; e < u.size(); ++e) {
    const std::uint32_t block = static_cast<std::uint32_t>(16 * (e / 64) + e % 16);
    const auto words = r123::Philox4x32()({{block, 0, 0, 0}}, {{key.word[0], key.word[1]}});
    EXPECT_EQ(u[e], static_cast<float>(words[(e % 64) / 16] >> 8) * 0x1p-24f) << e;
  }
}

TEST(Fills, FollowTheOracleInPython) {
  ASSERT_EQ(stream_cases().size(), 6u);
  for (const auto& [stream, c] : stream_cases()) {
    SCOPED_TRACE(c["name"].get<std::string>());
    std::vector<float> uniform(c["fill_uniform"].size());
    fill_uniform(stream, uniform);
    EXPECT_EQ(uniform, c["fill_uniform"].get<std::vector<float>>());
    std::vector<double> mask(c["fill_dropout"].size());
    DropoutFill(stream, 0.1).fill(0, std::span(mask));
    EXPECT_EQ(mask, c["fill_dropout"].get<std::vector<double>>());
  }
}

TEST(Fills, ElementDoesNotDependOnTheLength) {
  std::vector<float> all(1000), few(77);
  DropoutFill(kStream, 0.1).fill(0, std::span(all));
  DropoutFill(kStream, 0.1).fill(0, std::span(few));
  EXPECT_TRUE(std::equal(few.begin(), few.end(), all.begin()));
  std::vector<double> doubles(77);
  DropoutFill(kStream, 0.1).fill(0, std::span(doubles));
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_NEAR(doubles[i], few[i], 1e-7);
}

TEST(Fills, AnyPartOfAMaskIsThatPartOfTheWhole) {
  const DropoutFill fill(kStream, 0.3);
  std::vector<float> whole(1000);
  fill.fill(0, std::span(whole));
  for (const std::size_t first : {0u, 1u, 63u, 64u, 100u, 640u, 777u}) {
    for (const std::size_t n : {1u, 5u, 64u, 65u, 200u}) {
      std::vector<float> part(n);
      fill.fill(first, std::span(part));
      EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(first)))
          << first << " " << n;
    }
  }
}

TEST(Fills, DropoutKeepsItsShareAndTheMean) {
  constexpr std::size_t kLength = 1 << 20;
  for (const double p : {0.1, 0.5, 0.9}) {
    std::vector<float> mask(kLength);
    DropoutFill(kStream, p).fill(0, std::span(mask));
    std::size_t zeros = 0, runs = 0;
    for (std::size_t i = 0; i < kLength; ++i) {
      zeros += mask[i] == 0;
      runs += i > 0 && mask[i] == 0 && mask[i - 1] == 0;
      ASSERT_TRUE(mask[i] == 0 || mask[i] == static_cast<float>(1 / (1 - p)));
    }
    const double sigma = std::sqrt(p * (1 - p) * kLength), sigma2 = std::sqrt(p * p * (1 - p * p) * kLength);
    EXPECT_NEAR(static_cast<double>(zeros), p * kLength, 5 * sigma);
    EXPECT_NEAR(static_cast<double>(runs), p * p * kLength, 8 * sigma2);  // neighbours are independent
  }
}

TEST(Fills, StreamsDiffer) {
  std::vector<float> a(64), b(64);
  fill_uniform(kStream.child(0), a);
  fill_uniform(kStream.child(1), b);
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace mtlgrid

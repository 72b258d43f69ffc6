#include "trainer/contract/streams.h"

#include <gtest/gtest.h>

namespace mtlgrid {
namespace {

const Cell kFirst = {"MSI", "LF", "naive", 3}, kSecond = {"MSI", "LF", "naive", 3, 2};

std::vector<std::uint32_t> words(const GroupStreams& s) {
  return {s.weights.bits(0), s.order.bits(0), s.meta.bits(0), s.dropout.bits(0), s.aggregation("graddrop").bits(0)};
}

TEST(GroupStreams, OfTheFirstRepeatAreThoseOfBeforeThereWereRepeats) {
  EXPECT_EQ(GroupStreams::name(kFirst, "dropout"), "MSI/LF/3/dropout");
  EXPECT_EQ(GroupStreams(7, kFirst).aggregation("graddrop").bits(5), RandomStream(7, "MSI/LF/3/graddrop").bits(5));
}

TEST(GroupStreams, OfAnotherRepeatAreOthers) {
  EXPECT_EQ(GroupStreams::name(kSecond, "dropout"), "MSI/LF/3.2/dropout");
  const auto first = words(GroupStreams(7, kFirst)), second = words(GroupStreams(7, kSecond));
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_NE(first[i], second[i]) << i;
}

TEST(GroupStreams, AreSharedByTheMethodsOfAGroup) {
  Cell other = kSecond;
  other.method = "cagrad";
  EXPECT_EQ(words(GroupStreams(7, kSecond)), words(GroupStreams(7, other)));
}

}  // namespace
}  // namespace mtlgrid

#include "datasets/slides/pixels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

using namespace mtlgrid;
using ::testing::ElementsAre;

namespace {

std::vector<int> rgba_of(std::uint32_t argb, std::size_t opaque_before) {
  std::vector<std::uint32_t> pixels(opaque_before, 0xff112233u);
  pixels.push_back(argb);
  to_rgba(pixels.data(), pixels.size());
  std::uint8_t bytes[4];
  std::memcpy(bytes, &pixels.back(), 4);
  return {bytes[0], bytes[1], bytes[2], bytes[3]};
}

TEST(Pixels, BecomeBytesThatAreNotPremultiplied) {
  for (const std::size_t before : {0, 1, 1023, 1024, 5000}) {
    EXPECT_THAT(rgba_of(0xff010203, before), ElementsAre(1, 2, 3, 255));
    EXPECT_THAT(rgba_of(0x80402001, before), ElementsAre(127, 63, 1, 128));
    EXPECT_THAT(rgba_of(0, before), ElementsAre(0, 0, 0, 0));
    EXPECT_THAT(rgba_of(0x01010101, before), ElementsAre(255, 255, 255, 1));
  }
}

TEST(Pixels, BesideTransparentOnesAreConvertedToo) {
  std::vector<std::uint32_t> pixels = {0xff0a0b0c, 0, 0x80808080};
  to_rgba(pixels.data(), pixels.size());
  std::uint8_t bytes[12];
  std::memcpy(bytes, pixels.data(), 12);
  EXPECT_THAT(bytes, ElementsAre(10, 11, 12, 255, 0, 0, 0, 0, 255, 255, 255, 128));
}

TEST(Pixels, ThatAreNotOpaqueAreVisitedInOrder) {
  std::vector<std::uint8_t> rgba(4 * 3000, 255);
  for (const std::size_t i : {3, 1024, 2999}) rgba[4 * i + 3] = 7;
  std::vector<std::ptrdiff_t> visited;
  for_transparent(rgba.data(), 3000, [&](std::uint8_t* p) { visited.push_back((p - rgba.data()) / 4); });
  EXPECT_THAT(visited, ElementsAre(3, 1024, 2999));
}

}  // namespace

#include "datasets/slides/pixels.h"

#include <algorithm>
#include <cstring>

#include "base/clones.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kAtOnce = 1024;  // pixels that are looked at together
constexpr std::size_t kAlpha = 3;      // of the bytes of a pixel

// All bits that every one of the words has.
MTLGRID_CLONES std::uint32_t common_bits(const std::uint32_t* words, std::size_t count) {
  std::uint32_t bits = ~std::uint32_t{0};
  for (std::size_t i = 0; i < count; ++i) bits &= words[i];
  return bits;
}

// Opaque ARGB to RGBA, for machines whose words begin with the lowest byte.
MTLGRID_CLONES void swap_opaque(std::uint32_t* words, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t word = words[i];
    words[i] = (word & 0xff00ff00u) | ((word >> 16) & 255u) | ((word & 255u) << 16);
  }
}

void convert(std::uint32_t& pixel) {
  const std::uint32_t alpha = pixel >> 24;
  std::uint32_t red = (pixel >> 16) & 255, green = (pixel >> 8) & 255, blue = pixel & 255;
  if (alpha == 0) return;
  if (alpha != 255) {
    red = 255 * red / alpha;
    green = 255 * green / alpha;
    blue = 255 * blue / alpha;
  }
  const std::uint8_t bytes[4] = {static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green),
                                 static_cast<std::uint8_t>(blue), static_cast<std::uint8_t>(alpha)};
  std::memcpy(&pixel, bytes, 4);
}

}  // namespace

void to_rgba(std::uint32_t* pixels, std::size_t count) {
  for (std::size_t at = 0; at < count; at += kAtOnce) {
    const std::size_t here = std::min(kAtOnce, count - at);
    if (common_bits(pixels + at, here) >> 24 == 255) {
      swap_opaque(pixels + at, here);
    } else {
      for (std::size_t i = 0; i < here; ++i) convert(pixels[at + i]);
    }
  }
}

void for_transparent(std::uint8_t* rgba, std::size_t pixels, const std::function<void(std::uint8_t*)>& change) {
  const auto* words = reinterpret_cast<const std::uint32_t*>(rgba);  // aligned by the allocator
  constexpr std::uint8_t kOpaque[4] = {0, 0, 0, 255};
  std::uint32_t opaque = 0;
  std::memcpy(&opaque, kOpaque, 4);
  for (std::size_t at = 0; at < pixels; at += kAtOnce) {
    const std::size_t here = std::min(kAtOnce, pixels - at);
    if ((common_bits(words + at, here) & opaque) == opaque) continue;
    for (std::size_t i = at; i < at + here; ++i)
      if (rgba[4 * i + kAlpha] != 255) change(rgba + 4 * i);
  }
}

}  // namespace mtlgrid

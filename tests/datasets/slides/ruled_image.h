// Images by rule, the same as in tests/oracle/resampling.py, and the hashes by which its fixture names results.
#pragma once

#include <fmt/format.h>
#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/slides/grey.h"
#include "datasets/slides/image.h"

namespace mtlgrid::testing {

inline std::string hashed(const std::vector<std::uint8_t>& bytes) {
  return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
}

// noise: all channels alike at random; tissue: smooth colours with dark discs, opaque; veil: noise of which a part is
// transparent.
inline Image ruled_image(std::string_view kind, int width, int height) {
  Image image(width, height);
  for (std::uint32_t y = 0; y < static_cast<std::uint32_t>(height); ++y) {
    for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(width); ++x) {
      const std::uint32_t at = 4 * (y * static_cast<std::uint32_t>(width) + x);
      std::uint32_t p[4];
      for (std::uint32_t c = 0; c < 4; ++c) p[c] = ((at + c) * 2654435761u) >> 24;
      if (kind == "veil") p[3] = (x / 7 + y / 5) % 3 == 0 ? 0 : (x + y) % 4 == 0 ? p[3] : 255;
      if (kind == "tissue") {
        const std::uint32_t wave = (x * 3 + y * 5) % 256, smooth = (wave < 128 ? wave : 255 - wave) / 2;
        const int across = static_cast<int>(x % 37) - 18, down = static_cast<int>(y % 29) - 14;
        const bool disc = across * across + down * down < 60;
        p[0] = disc ? 95 : 205 + smooth / 2 + p[0] / 64;
        p[1] = disc ? 60 : 140 + smooth + p[1] / 64;
        p[2] = disc ? 140 : 180 + smooth / 2 + p[2] / 64;
        p[3] = 255;
      }
      for (std::size_t c = 0; c < 4; ++c) image.rgba[at + c] = static_cast<std::uint8_t>(p[c]);
    }
  }
  return image;
}

inline std::vector<std::uint8_t> grey_pixels(const Image& image) {
  std::vector<std::uint8_t> grey;
  for (std::size_t i = 0; i < image.rgba.size(); i += 4)
    grey.push_back(grey_of(image.rgba[i], image.rgba[i + 1], image.rgba[i + 2]));
  return grey;
}

inline std::vector<std::uint8_t> rgb_bytes(const Image& image) {
  std::vector<std::uint8_t> rgb;
  for (std::size_t i = 0; i < image.rgba.size(); ++i)
    if (i % 4 != 3) rgb.push_back(image.rgba[i]);
  return rgb;
}

}  // namespace mtlgrid::testing

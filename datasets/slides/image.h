// An image in memory, as the files of this folder pass it to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mtlgrid {

// Four bytes a pixel, rows from the top: R, G, B, A. What A means (transparency, or whether the colours are multiplied
// by it) is said where an image is handed over.
struct Image {
  int width = 0, height = 0;       // pixels
  std::vector<std::uint8_t> rgba;  // [height, width, 4]

  Image() = default;
  // All bytes 0.
  Image(int w, int h) : width(w), height(h), rgba(4 * static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}
  // The first byte of row y; y == height is the end.
  std::uint8_t* row(int y) { return rgba.data() + offset(y); }
  const std::uint8_t* row(int y) const { return rgba.data() + offset(y); }

 private:
  std::size_t offset(int y) const { return 4 * static_cast<std::size_t>(width) * static_cast<std::size_t>(y); }
};

}  // namespace mtlgrid

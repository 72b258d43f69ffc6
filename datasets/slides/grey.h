// Grey of colours, as Pillow's conversions from RGB to "L" and "I" compute it (ITU-R 601-2).
#pragma once

#include <cstdint>

namespace mtlgrid {

inline std::uint8_t grey_of(std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
  return static_cast<std::uint8_t>((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);
}

}  // namespace mtlgrid

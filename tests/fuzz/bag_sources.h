// The bags that the target `bag_file` asks for: two patients, one of them with two slides.
#pragma once

#include <vector>

#include "datasets/bags/bag_file.h"
#include "datasets/features/fingerprint.h"

namespace mtlgrid::fuzz {

// Rows of two features.
inline std::vector<std::uint16_t> bag_values(std::size_t tiles) {
  std::vector<std::uint16_t> values(tiles * 2);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint16_t>(0x3c00 + i);
  return values;
}

inline std::vector<BagSource> bag_sources() {
  const auto slide = [](std::int64_t tiles) {
    return KnownFeatures{"none", tiles, hash_features(bag_values(static_cast<std::size_t>(tiles)), tiles, 2)};
  };
  return {{0, 0, "A", "a", 2, {slide(3)}}, {0, 1, "A", "b", 2, {slide(2), slide(1)}}};
}

}  // namespace mtlgrid::fuzz

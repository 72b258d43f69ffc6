// What the values of a feature file look like: for people who ask whether an extraction went right.
#pragma once

#include <cstdint>
#include <span>

namespace mtlgrid {

struct FeatureStatistics {
  std::int64_t tiles = 0, width = 0;
  std::int64_t not_finite = 0;  // values that are infinite or NaN; they are in none of the following
  double least = 0, most = 0, mean = 0, deviation = 0;  // deviation with n; all 0 without finite values
  double zeros = 0;                                     // share of the values, 0 to 1
  // Features that have one value in all tiles (of files with several), and tiles all of whose values are the same.
  std::int64_t constant_features = 0, constant_tiles = 0;
  std::int64_t repeated_tiles = 0;  // tiles that equal an earlier one bit for bit
};

// Of float16 values, [tiles, width] by rows. Two passes; memory of one hash a tile. Throws std::invalid_argument unless
// `values` is a whole number of rows.
FeatureStatistics feature_statistics(std::span<const std::uint16_t> values, std::int64_t width);

}  // namespace mtlgrid

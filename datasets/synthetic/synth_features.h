// Writing feature files as STAMP does, for synthetic cohorts and tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace mtlgrid {

enum class StampLayout {
  v1,     // 1.0 to 1.1.1: integer pixel coordinates, `augmented`, one attribute
  v2,     // 2.3 and later: micron coordinates, attributes with the tile's size
  slide,  // 2.3 and later, an encoder of slides: no coordinates
};

// Writes `values`, float16 bit patterns [tiles, width], as a new file; tiles are placed on a square grid. `extractor`
// names the encoder of slides there. Throws hdf5::Hdf5Error if the file exists or cannot be written.
void write_features(const std::filesystem::path& file, std::span<const std::uint16_t> values, std::int64_t width,
                    StampLayout layout, const std::string& extractor);

}  // namespace mtlgrid

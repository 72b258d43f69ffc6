// The files of a slide: its features in STAMP's layout, and the thumbnail that shows the tiles that were kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/file_calls.h"
#include "results/records/slide_record.h"

namespace mtlgrid {

// What a feature file holds, row by row.
struct SlideFeatures {
  std::vector<std::uint16_t> values;              // [tiles, width] float16 bit patterns
  std::int64_t width = 0;                         // features a tile
  std::vector<std::pair<double, double>> places;  // [tiles]: x and y of the upper left corner, microns
};

// The attributes of a feature file: those of STAMP 2.5, and ours, whose names begin with mtlgrid_.
struct SlideAttributes {
  std::string extractor;
  double tile_um = 0;
  int tile_px = 0;
  std::string mark;       // extraction_mark()
  SlideRecord slide;      // kept in the file without its paths
  std::string libraries;  // what computed the features, with versions
};

// The bytes of the HDF5 file: `feats` float16 [tiles, width] and `coords` float32 [tiles, 2], and the attributes. The
// same content gives the same bytes: no time is in them.
std::string feature_file_bytes(const SlideFeatures& features, const SlideAttributes& attributes);

// Replaces `file`, and makes its folder, by a temporary name of its own for this process. Errors are FileErrors.
void write_feature_file(FileCalls& calls, const std::filesystem::path& file, const SlideFeatures& features,
                        const SlideAttributes& attributes);

// The version of STAMP whose layout it is: STAMP refuses files of a later version than its own.
inline constexpr const char* kStampVersion = "2.5.0";

}  // namespace mtlgrid

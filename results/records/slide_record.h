// What became of a slide: its row in the manifest that `mtlgrid extract` keeps in the store.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace mtlgrid {

// In place of a number of tiles: a feature file that was there before the run does not say it.
inline constexpr std::int64_t kNotCounted = -1;

struct SlideRecord {
  std::string slide_file, feature_file;   // absolute; `feature_file` is empty where no tile was kept
  std::int64_t bytes = 0;                 // of the slide file; another number: it is another slide. 0: not known
  std::int64_t width = 0, height = 0;     // of the slide, pixels; 0: not known
  double mpp = 0;                         // microns per pixel by which the tiles were cut; 0: not known
  std::string mpp_source;                 // what says so (MppSource, datasets/slides/slide_mpp.h); empty: not known
  std::int64_t tiles = kNotCounted;       // seen: the three below together
  std::int64_t kept = 0;                  // rows of the feature file
  std::int64_t too_bright = kNotCounted;  // rejected on the thumbnail, with the supertile
  std::int64_t too_plain = kNotCounted;   // rejected by their texture
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlideRecord, slide_file, feature_file, bytes, width, height, mpp, mpp_source, tiles,
                                   kept, too_bright, too_plain)

}  // namespace mtlgrid

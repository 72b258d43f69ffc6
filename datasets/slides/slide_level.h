// One resolution of a slide.
#pragma once

#include <cstdint>

namespace mtlgrid {

// Level 0 has all pixels of the scan.
struct SlideLevel {
  std::int64_t width = 0, height = 0;  // pixels
  double downsample = 1;               // against level 0
};

}  // namespace mtlgrid

// Canny's edge detector as OpenCV's cv2.Canny(grey, low, high) computes it: Sobel of aperture 3 over a replicated
// border, magnitude |dx| + |dy|, directions by tan 22.5 degrees in 15 bits, hysteresis over 8 neighbours. Integers
// alone, so the same pixels on every machine. Source: Canny 1986; OpenCV 5.0, modules/imgproc/src/canny.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mtlgrid {

// Whether each pixel of `grey`, [height, width], is an edge: 1 or 0, [height, width]. low <= high.
std::vector<std::uint8_t> canny_edges(std::span<const std::uint8_t> grey, int width, int height, int low, int high);

// The share of pixels, 0 to 1, that are edges with STAMP's thresholds 40 and 100.
double edge_share(std::span<const std::uint8_t> grey, int width, int height);

}  // namespace mtlgrid

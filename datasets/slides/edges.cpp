#include "datasets/slides/edges.h"

#include <cstddef>
#include <cstdlib>

#include "base/clones.h"

namespace mtlgrid {
namespace {

constexpr int kLow = 40, kHigh = 100;  // STAMP, preprocessing/tiling.py, _has_enough_texture
constexpr int kShift = 15;
constexpr int kTan = 13573;  // tan(22.5 degrees) = sqrt(2) - 1 in 15 bits

// [height + 2, width + 2]: the image with its border pixels repeated once.
std::vector<std::uint8_t> padded(std::span<const std::uint8_t> grey, std::size_t width, std::size_t height) {
  std::vector<std::uint8_t> out;
  out.reserve((width + 2) * (height + 2));
  for (std::size_t y = 0; y < height + 2; ++y) {
    const std::uint8_t* row = grey.data() + (y == 0 ? 0 : y > height ? height - 1 : y - 1) * width;
    out.push_back(row[0]);
    out.insert(out.end(), row, row + width);
    out.push_back(row[width - 1]);
  }
  return out;
}

// One row of Sobel's derivatives and their magnitude |dx| + |dy|, from three rows of the padded image.
MTLGRID_CLONES void sobel_row(const std::uint8_t* above, const std::uint8_t* here, const std::uint8_t* below,
                              std::size_t width, std::int16_t* dx, std::int16_t* dy, std::int16_t* magnitude) {
  for (std::size_t x = 0; x < width; ++x) {
    const int right = above[x + 2] + 2 * here[x + 2] + below[x + 2], left = above[x] + 2 * here[x] + below[x];
    const int lower = below[x] + 2 * below[x + 1] + below[x + 2], upper = above[x] + 2 * above[x + 1] + above[x + 2];
    const int across = right - left, down = lower - upper;
    dx[x] = static_cast<std::int16_t>(across);
    dy[x] = static_cast<std::int16_t>(down);
    magnitude[x] = static_cast<std::int16_t>(std::abs(across) + std::abs(down));
  }
}

struct Gradient {
  std::size_t width, height, stride;    // stride: of `magnitude`, width + 2
  std::vector<std::int16_t> dx, dy;     // [height, width]
  std::vector<std::int16_t> magnitude;  // [height + 2, width + 2], 0 around the image
};

Gradient gradient_of(std::span<const std::uint8_t> grey, std::size_t width, std::size_t height) {
  const std::vector<std::uint8_t> image = padded(grey, width, height);
  const std::size_t stride = width + 2;
  Gradient g{width,
             height,
             stride,
             std::vector<std::int16_t>(width * height),
             std::vector<std::int16_t>(width * height),
             std::vector<std::int16_t>(stride * (height + 2))};
  for (std::size_t y = 0; y < height; ++y) {
    const std::uint8_t* above = image.data() + y * stride;
    sobel_row(above, above + stride, above + 2 * stride, width, &g.dx[y * width], &g.dy[y * width],
              &g.magnitude[(y + 1) * stride + 1]);
  }
  return g;
}

// Whether the magnitude at `m` is the largest across the edge. Of two equal neighbours in a row or column the first
// counts, and neither of two on a diagonal.
bool is_ridge(const std::int16_t* m, std::ptrdiff_t stride, int dx, int dy) {
  const int x = std::abs(dx), y = std::abs(dy) << kShift;
  const int shallow = x * kTan;
  if (y < shallow) return *m > m[-1] && *m >= m[1];
  const int steep = shallow + (x << (kShift + 1));
  if (y > steep) return *m > m[-stride] && *m >= m[stride];
  const std::ptrdiff_t side = (dx ^ dy) < 0 ? -1 : 1;
  return *m > m[-stride - side] && *m > m[stride + side];
}

}  // namespace

std::vector<std::uint8_t> canny_edges(std::span<const std::uint8_t> grey, int width, int height, int low, int high) {
  const auto w = static_cast<std::size_t>(width), h = static_cast<std::size_t>(height);
  const Gradient g = gradient_of(grey, w, h);
  enum : std::uint8_t { neither = 0, weak = 1, strong = 2 };
  std::vector<std::uint8_t> map(g.magnitude.size(), neither);
  std::vector<std::size_t> open;  // strong pixels whose neighbours have not been looked at
  const auto stride = static_cast<std::ptrdiff_t>(g.stride);
  for (std::size_t y = 0; y < h; ++y) {
    for (std::size_t x = 0; x < w; ++x) {
      const std::size_t at = (y + 1) * g.stride + x + 1;
      const int magnitude = g.magnitude[at];
      if (magnitude <= low || !is_ridge(&g.magnitude[at], stride, g.dx[y * w + x], g.dy[y * w + x])) continue;
      map[at] = magnitude > high ? strong : weak;
      if (magnitude > high) open.push_back(at);
    }
  }
  const std::ptrdiff_t around[] = {-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1};
  while (!open.empty()) {
    const auto at = static_cast<std::ptrdiff_t>(open.back());
    open.pop_back();
    for (const std::ptrdiff_t step : around) {
      const auto next = static_cast<std::size_t>(at + step);
      if (map[next] != weak) continue;
      map[next] = strong;
      open.push_back(next);
    }
  }
  std::vector<std::uint8_t> edges(w * h);
  for (std::size_t y = 0; y < h; ++y)
    for (std::size_t x = 0; x < w; ++x) edges[y * w + x] = map[(y + 1) * g.stride + x + 1] == strong;
  return edges;
}

double edge_share(std::span<const std::uint8_t> grey, int width, int height) {
  std::size_t count = 0;
  for (const std::uint8_t edge : canny_edges(grey, width, height, kLow, kHigh)) count += edge;
  // As STAMP: the mean of 0 and 255, over 255.
  return 255.0 * static_cast<double>(count) / (static_cast<double>(width) * height) / 255;
}

}  // namespace mtlgrid

#include "datasets/slides/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/clones.h"
#include "datasets/slides/pixels.h"

namespace mtlgrid {
namespace {

constexpr int kBits = 22;          // fractional bits of weights: 32, less 8 of the result and 2 for negative lobes
constexpr int kLanes = 64;         // bytes that are summed at once: 16 pixels
constexpr int kRows = kLanes / 4;  // rows that pass along rows works on together

double bicubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

std::int32_t fixed_point(double weight) {
  const double scaled = weight * (1 << kBits);
  return static_cast<std::int32_t>(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

// kLanes weighted sums: lane j is of in[j], in[j + stride], ...
inline __attribute__((always_inline)) void weighted(const std::int32_t* weights, int count, const std::uint8_t* in,
                                                    std::size_t stride, std::uint8_t* out) {
  std::int32_t sums[kLanes];
  std::fill_n(sums, kLanes, 1 << (kBits - 1));
  for (int t = 0; t < count; ++t, in += stride) {
    const std::int32_t weight = weights[t];
    for (int j = 0; j < kLanes; ++j) sums[j] += weight * in[j];
  }
  for (int j = 0; j < kLanes; ++j) out[j] = static_cast<std::uint8_t>(std::clamp(sums[j] >> kBits, 0, 255));
}

// kRows rows at once, which are [pixel, row, channel] in `in` and `out`, so that the channels of all rows are summed
// together.
MTLGRID_CLONES void sum_block(const ResampleAxis& axis, const std::uint8_t* in, std::uint8_t* out) {
  for (int o = 0; o < axis.out; ++o) {
    const auto at = static_cast<std::size_t>(o);
    weighted(axis.weights.data() + at * static_cast<std::size_t>(axis.taps), axis.count[at],
             in + kLanes * static_cast<std::size_t>(axis.first[at]), kLanes, out + kLanes * at);
  }
}

// One row of the result: `bytes` sums over `count` rows, `bytes` apart. `padded` has room for kLanes bytes of each row.
MTLGRID_CLONES void sum_row(const std::int32_t* weights, int count, const std::uint8_t* in, std::size_t bytes,
                            std::vector<std::uint8_t>& padded, std::uint8_t* out) {
  std::size_t at = 0;
  for (; at + kLanes <= bytes; at += kLanes) weighted(weights, count, in + at, bytes, out + at);
  if (at == bytes) return;
  padded.assign(static_cast<std::size_t>(count + 1) * kLanes, 0);
  for (int t = 0; t < count; ++t)
    std::memcpy(&padded[static_cast<std::size_t>(t) * kLanes], in + static_cast<std::size_t>(t) * bytes + at,
                bytes - at);
  std::uint8_t* last = &padded[static_cast<std::size_t>(count) * kLanes];
  weighted(weights, count, padded.data(), kLanes, last);
  std::memcpy(out + at, last, bytes - at);
}

}  // namespace

ResampleAxis resample_axis(int in, double begin, double end, int out, ResampleFilter filter) {
  const auto from = static_cast<float>(begin), to = static_cast<float>(end);
  const double scale = static_cast<double>(to - from) / out, wide = std::max(scale, 1.0);
  const double support = (filter == ResampleFilter::bicubic ? 2.0 : 3.0) * wide, narrow = 1.0 / wide;
  ResampleAxis axis{.in = in,
                    .out = out,
                    .taps = static_cast<int>(std::ceil(support)) * 2 + 1,
                    .first = {},
                    .count = {},
                    .weights = {}};
  axis.weights.resize(static_cast<std::size_t>(out) * static_cast<std::size_t>(axis.taps));
  std::vector<double> row(static_cast<std::size_t>(axis.taps));
  for (int o = 0; o < out; ++o) {
    const double center = from + (o + 0.5) * scale;
    const double begins = center - support + 0.5, ends = center + support + 0.5;  // cut off, not rounded, below
    const int first = std::max(static_cast<int>(begins), 0);
    const int count = std::min(static_cast<int>(ends), in) - first;
    double sum = 0;
    for (int t = 0; t < count; ++t) {
      const double x = (t + first - center + 0.5) * narrow;
      sum += row[static_cast<std::size_t>(t)] = filter == ResampleFilter::bicubic ? bicubic(x) : lanczos(x);
    }
    for (int t = 0; t < count; ++t) {
      double weight = row[static_cast<std::size_t>(t)];
      if (sum != 0.0) weight /= sum;
      axis.weights[static_cast<std::size_t>(o) * static_cast<std::size_t>(axis.taps) + static_cast<std::size_t>(t)] =
          fixed_point(weight);
    }
    axis.first.push_back(first);
    axis.count.push_back(std::max(count, 0));
  }
  return axis;
}

void resample_rows(const ResampleAxis& axis, const std::uint8_t* in, int rows, std::uint8_t* out) {
  const auto in_bytes = 4 * static_cast<std::size_t>(axis.in), out_bytes = 4 * static_cast<std::size_t>(axis.out);
  std::vector<std::uint8_t> turned(in_bytes * kRows), sums(out_bytes * kRows);
  for (int begin = 0; begin < rows; begin += kRows) {
    const auto count = static_cast<std::size_t>(std::min(kRows, rows - begin));
    const std::uint8_t* source = in + static_cast<std::size_t>(begin) * in_bytes;
    std::uint8_t* target = out + static_cast<std::size_t>(begin) * out_bytes;
    for (std::size_t x = 0; x < in_bytes; x += 4)
      for (std::size_t r = 0; r < count; ++r) std::memcpy(&turned[kRows * x + 4 * r], source + r * in_bytes + x, 4);
    sum_block(axis, turned.data(), sums.data());
    for (std::size_t r = 0; r < count; ++r)
      for (std::size_t x = 0; x < out_bytes; x += 4)
        std::memcpy(target + r * out_bytes + x, &sums[kRows * x + 4 * r], 4);
  }
}

Image resample_columns(const ResampleAxis& axis, const Image& image, int begin, int end) {
  Image result(image.width, end - begin);
  std::vector<std::uint8_t> padded;
  for (int o = begin; o < end; ++o) {
    const auto at = static_cast<std::size_t>(o);
    sum_row(axis.weights.data() + at * static_cast<std::size_t>(axis.taps), axis.count[at], image.row(axis.first[at]),
            4 * static_cast<std::size_t>(image.width), padded, result.row(o - begin));
  }
  return result;
}

Image resize(const Image& image, int width, int height, ResampleFilter filter, double box_width, double box_height) {
  const double right = box_width > 0 ? box_width : image.width, below = box_height > 0 ? box_height : image.height;
  const bool across = width != image.width || static_cast<float>(right) != static_cast<float>(width);
  const bool down = height != image.height || static_cast<float>(below) != static_cast<float>(height);
  const auto along_rows = [&](const Image& in) {
    Image out(width, in.height);
    resample_rows(resample_axis(in.width, 0, right, width, filter), in.rgba.data(), in.height, out.rgba.data());
    return out;
  };
  const auto along_columns = [&](const Image& in) {
    return resample_columns(resample_axis(in.height, 0, below, height, filter), in, 0, height);
  };
  if (!across) return down ? along_columns(image) : image;
  if (!down) return along_rows(image);
  const int lost_rows = image.height - height, lost_columns = image.width - width;
  const bool columns_first = lost_rows > 0 && lost_rows > 2 * lost_columns;  // Pillow 13: fewer rows are left to do
  return columns_first ? along_rows(along_columns(image)) : along_columns(along_rows(image));
}

Image resize_rgba(const Image& image, int width, int height, ResampleFilter filter) {
  if (width == image.width && height == image.height) return image;
  Image multiplied = image;
  premultiply(multiplied.rgba.data(), multiplied.rgba.size() / 4);
  Image result = resize(multiplied, width, height, filter);
  unpremultiply(result.rgba.data(), result.rgba.size() / 4);
  return result;
}

void premultiply(std::uint8_t* rgba, std::size_t pixels) {
  for_transparent(rgba, pixels, [](std::uint8_t* p) {
    for (int c = 0; c < 3; ++c) {
      const std::uint32_t product = static_cast<std::uint32_t>(p[c]) * p[3] + 128;
      p[c] = static_cast<std::uint8_t>(((product >> 8) + product) >> 8);
    }
  });
}

void unpremultiply(std::uint8_t* rgba, std::size_t pixels) {
  for_transparent(rgba, pixels, [](std::uint8_t* p) {
    if (p[3] == 0) return;
    for (int c = 0; c < 3; ++c) p[c] = static_cast<std::uint8_t>(std::min(255 * p[c] / p[3], 255));
  });
}

}  // namespace mtlgrid

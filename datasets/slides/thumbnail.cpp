#include "datasets/slides/thumbnail.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/clones.h"
#include "base/errors.h"
#include "datasets/slides/pixels.h"
#include "datasets/slides/resample.h"

namespace mtlgrid {
namespace {

constexpr int kPiece = 4096;        // OpenSlide's own pieces of a large region (openslide.c, openslide_read_region)
constexpr int kMostReduced = 4096;  // 255 times its square is below 2^32
constexpr double kReducingGap = 2;  // Pillow's default of thumbnail()

MTLGRID_CLONES void add_bytes(const std::uint8_t* bytes, std::size_t count, std::uint32_t* sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += bytes[i];
}

// The rounded mean as Pillow computes it: by a multiplier in 24 bits, itself rounded down.
std::uint8_t mean(std::uint32_t sum, std::uint32_t count) {
  const auto multiplier = static_cast<std::uint64_t>(4294967296.0F / static_cast<float>(std::uint64_t{256} * count));
  return static_cast<std::uint8_t>(((sum + count / 2) * multiplier) >> 24);
}

// The slide's background, which shows where it is transparent.
struct Background {
  std::uint8_t rgb[3] = {255, 255, 255};
};

Background background_of(const Slide& slide) {
  const std::string text = slide.property("openslide.background-color");
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || text.size() != 6) return {};
  return {{static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8),
           static_cast<std::uint8_t>(value)}};
}

// Lays RGBA over the background, in place, as Pillow's paste() with a mask does.
void lay_over(const Background& background, Image& image) {
  for_transparent(image.rgba.data(), image.rgba.size() / 4, [&](std::uint8_t* p) {
    for (int c = 0; c < 3; ++c) {
      const std::uint32_t sum = background.rgb[c] * (255u - p[3]) + static_cast<std::uint32_t>(p[c]) * p[3] + 128;
      p[c] = static_cast<std::uint8_t>(((sum >> 8) + sum) >> 8);
    }
    p[3] = 255;
  });
}

int int_size(const Slide& slide, std::int64_t side) {
  if (side <= std::numeric_limits<int>::max()) return static_cast<int>(side);
  throw InputError(fmt::format("{}: a side of {} pixels; at most {} can be read", slide.file().string(), side,
                               std::numeric_limits<int>::max()));
}

// All of a level, over the background, reduced.
Image reduced(const Slide& slide, int level, int factor_x, int factor_y, const std::function<void()>& alive) {
  const SlideLevel& size = slide.levels()[static_cast<std::size_t>(level)];
  const Background background = background_of(slide);
  const int width = int_size(slide, size.width), height = int_size(slide, size.height);
  Reducer reducer(width, height, factor_x, factor_y);
  // Where pieces begin at whole pixels anyway, lower ones do the same with less memory.
  const int piece_rows = size.downsample == std::floor(size.downsample) ? kPiece / 4 : kPiece;
  for (std::int64_t y = 0; y < height; y += piece_rows) {
    for (std::int64_t x = 0; x < width; x += kPiece) {
      if (alive) alive();
      // In level 0, rounded down as OpenSlide does for its pieces.
      const auto left = static_cast<std::int64_t>(static_cast<double>(x) * size.downsample);
      const auto top = static_cast<std::int64_t>(static_cast<double>(y) * size.downsample);
      Image piece = slide.read_region(left, top, level, static_cast<int>(std::min<std::int64_t>(kPiece, width - x)),
                                      static_cast<int>(std::min<std::int64_t>(piece_rows, height - y)));
      lay_over(background, piece);
      reducer.add(piece, static_cast<int>(x), static_cast<int>(y));
    }
  }
  return reducer.result();
}

// The nearer of the whole numbers around `number`, by `distance`; at least 1.
template <typename Distance>
int nearest_whole(double number, Distance distance) {
  const double below = std::floor(number), above = std::ceil(number);
  return std::max(static_cast<int>(distance(above) < distance(below) ? above : below), 1);
}

}  // namespace

Reducer::Reducer(int width, int height, int factor_x, int factor_y)
    : width_(width),
      height_(height),
      factor_x_(factor_x),
      factor_y_(factor_y),
      out_width_((width - 1) / factor_x + 1),
      out_height_((height - 1) / factor_y + 1),
      sums_(4 * static_cast<std::size_t>(out_width_) * static_cast<std::size_t>(out_height_)) {}

void Reducer::add(const Image& part, int x, int y) {
  const int columns = std::min(part.width, width_ - x), rows = std::min(part.height, height_ - y);
  if (columns <= 0) return;
  std::vector<std::uint32_t> strip(4 * static_cast<std::size_t>(columns));
  for (int row = 0; row < rows; ++row) {
    add_bytes(part.row(row), strip.size(), strip.data());
    const int out_y = (y + row) / factor_y_;
    if (row + 1 < rows && (y + row + 1) / factor_y_ == out_y) continue;
    std::uint32_t* line = &sums_[4 * static_cast<std::size_t>(out_y) * static_cast<std::size_t>(out_width_)];
    for (int column = 0; column < columns; ++column) {
      std::uint32_t* cell = line + 4 * ((x + column) / factor_x_);
      for (int c = 0; c < 4; ++c) cell[c] += strip[4 * static_cast<std::size_t>(column) + static_cast<std::size_t>(c)];
    }
    std::fill(strip.begin(), strip.end(), 0u);
  }
}

Image Reducer::result() const {
  Image image(out_width_, out_height_);
  for (int y = 0; y < out_height_; ++y) {
    const auto rows = static_cast<std::uint32_t>(std::min(factor_y_, height_ - y * factor_y_));
    for (int x = 0; x < out_width_; ++x) {
      const auto columns = static_cast<std::uint32_t>(std::min(factor_x_, width_ - x * factor_x_));
      const std::size_t at =
          4 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(out_width_) + static_cast<std::size_t>(x));
      for (std::size_t c = 0; c < 4; ++c) {
        // A single pixel is a copy; the multiplier would round it down.
        image.rgba[at + c] =
            factor_x_ * factor_y_ == 1 ? static_cast<std::uint8_t>(sums_[at + c]) : mean(sums_[at + c], rows * columns);
      }
    }
  }
  return image;
}

std::pair<int, int> thumbnail_size(int width, int height, int most_width, int most_height) {
  if (most_width >= width && most_height >= height) return {width, height};
  const double aspect = static_cast<double>(width) / height;
  if (static_cast<double>(most_width) / most_height >= aspect) {
    const auto distance = [&](double n) { return std::abs(aspect - n / most_height); };
    return {nearest_whole(most_height * aspect, distance), most_height};
  }
  const auto distance = [&](double n) { return n == 0 ? 0 : std::abs(aspect - most_width / n); };
  return {most_width, nearest_whole(most_width / aspect, distance)};
}

Image slide_thumbnail(const Slide& slide, int most_width, int most_height, const std::function<void()>& alive) {
  const double downsample =
      std::max(static_cast<double>(slide.width()) / most_width, static_cast<double>(slide.height()) / most_height);
  const int level = slide.best_level(downsample);
  const SlideLevel& size = slide.levels()[static_cast<std::size_t>(level)];
  const int level_width = int_size(slide, size.width), level_height = int_size(slide, size.height);
  const auto [width, height] = thumbnail_size(level_width, level_height, most_width, most_height);
  int factor_x = 1, factor_y = 1;
  if (width != level_width || height != level_height) {
    factor_x = std::max(static_cast<int>(static_cast<double>(level_width) / width / kReducingGap), 1);
    factor_y = std::max(static_cast<int>(static_cast<double>(level_height) / height / kReducingGap), 1);
  }
  if (std::max(factor_x, factor_y) > kMostReduced)
    throw InputError(fmt::format("{}: {} x {} pixels are too many for a thumbnail of {} x {}", slide.file().string(),
                                 level_width, level_height, width, height));
  const Image small = reduced(slide, level, factor_x, factor_y, alive);
  return resize(small, width, height, ResampleFilter::lanczos, static_cast<double>(level_width) / factor_x,
                static_cast<double>(level_height) / factor_y);
}

}  // namespace mtlgrid

#include "datasets/slides/tessellation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/errors.h"
#include "datasets/slides/edges.h"
#include "datasets/slides/grey.h"
#include "datasets/slides/thumbnail.h"

namespace mtlgrid {
namespace {

constexpr double kSupertilePixels = 1024;     // STAMP, preprocessing/__init__.py: max_supertile_size_slide_px
constexpr std::int64_t kLongestSide = 16384;  // of a supertile: bounds the memory
constexpr int kReadAtOnce = 1 << 22;          // pixels: larger supertiles are read in strips

// Python's a // b of two positive numbers, which floor(a / b) is not where the quotient is rounded up to a whole.
double floor_division(double a, double b) {
  const double quotient = (a - std::fmod(a, b)) / b, below = std::floor(quotient);
  return quotient - below > 0.5 ? below + 1 : below;
}

// The tile (across, down) of a row of tiles, as RGB.
std::vector<std::uint8_t> cut_out(const Image& row_of_tiles, int across, int tile_px) {
  std::vector<std::uint8_t> rgb(3 * static_cast<std::size_t>(tile_px) * static_cast<std::size_t>(tile_px));
  std::uint8_t* out = rgb.data();
  for (int y = 0; y < tile_px; ++y) {
    const std::uint8_t* in =
        row_of_tiles.row(y) + 4 * static_cast<std::size_t>(across) * static_cast<std::size_t>(tile_px);
    for (int x = 0; x < tile_px; ++x, in += 4, out += 3) {
      out[0] = in[0];
      out[1] = in[1];
      out[2] = in[2];
    }
  }
  return rgb;
}

std::vector<std::uint8_t> grey_tile(const std::vector<std::uint8_t>& rgb) {
  std::vector<std::uint8_t> grey(rgb.size() / 3);
  for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = grey_of(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
  return grey;
}

// The grey of each supertile, [down, across].
std::vector<std::uint8_t> supertile_greys(const Slide& slide, const SupertileGrid& grid,
                                          const std::function<void()>& alive) {
  const int across = static_cast<int>(grid.across), down = static_cast<int>(grid.down);
  const Image thumbnail =
      resize(slide_thumbnail(slide, 2 * across, 2 * down, alive), across, down, ResampleFilter::bicubic);
  std::vector<std::uint8_t> greys;
  for (std::size_t at = 0; at < thumbnail.rgba.size(); at += 4)
    greys.push_back(grey_of(thumbnail.rgba[at], thumbnail.rgba[at + 1], thumbnail.rgba[at + 2]));
  return greys;
}

}  // namespace

void check_tiling(const TilingSettings& settings) {
  Problems problems;
  if (!(settings.tile_um > 0) || !std::isfinite(settings.tile_um))
    problems.add(fmt::format("tile_um is {}; expected a number of microns above 0", settings.tile_um));
  if (settings.tile_px < 8 || settings.tile_px > 4096)
    problems.add(fmt::format("tile_px is {}; expected 8 to 4096 pixels", settings.tile_px));
  if (settings.brightness_cutoff && !std::isfinite(*settings.brightness_cutoff))
    problems.add("brightness_cutoff is not a finite number; expected a grey from 0 to 256");
  if (settings.canny_cutoff && !std::isfinite(*settings.canny_cutoff))
    problems.add("canny_cutoff is not a finite number; expected a share from 0 to 1");
  problems.throw_if_any();
}

SupertileGrid supertile_grid(std::int64_t width, std::int64_t height, double mpp, const TilingSettings& settings) {
  check_tiling(settings);
  const double tile = std::ceil(settings.tile_um / mpp);
  const double side_tiles = std::max(floor_division(kSupertilePixels * mpp, settings.tile_um), 1.0);
  const auto longest = static_cast<double>(kLongestSide);
  if (!(tile >= 1 && tile * side_tiles <= longest && side_tiles * settings.tile_px <= longest))
    throw InputError(
        fmt::format("tiles of {} microns and {} pixels at {} microns per pixel: {} x {} of them, {} pixels "
                    "each, are read at a time, which is more than {} pixels a side; correct tile_um, "
                    "tile_px, or the slide's microns per pixel",
                    settings.tile_um, settings.tile_px, mpp, side_tiles, side_tiles, tile, kLongestSide));
  SupertileGrid grid;
  grid.side_tiles = static_cast<int>(side_tiles);
  grid.side_px = static_cast<std::int64_t>(tile) * grid.side_tiles;
  grid.across = (width - 1) / grid.side_px + 1;
  grid.down = (height - 1) / grid.side_px + 1;
  return grid;
}

Tessellation::Tessellation(const Slide& slide, const TilingSettings& settings, double mpp,
                           const std::function<void()>& alive)
    : slide_(slide),
      settings_(settings),
      mpp_(mpp),
      grid_(supertile_grid(slide.width(), slide.height(), mpp, settings)) {
  const int side = static_cast<int>(grid_.side_px);
  axis_ = resample_axis(side, 0, side, grid_.side_tiles * settings.tile_px, ResampleFilter::bicubic);
  std::vector<std::uint8_t> greys;
  if (settings.brightness_cutoff) greys = supertile_greys(slide, grid_, alive);
  for (std::int64_t y = 0; y < grid_.down; ++y) {
    for (std::int64_t x = 0; x < grid_.across; ++x) {
      const auto at = static_cast<std::size_t>(y * grid_.across + x);
      if (settings.brightness_cutoff && !(greys[at] < *settings.brightness_cutoff)) continue;
      chosen_.push_back({x * grid_.side_px, y * grid_.side_px});
    }
  }
}

std::int64_t Tessellation::tiles_rejected_by_brightness() const {
  const std::int64_t rejected = grid_.across * grid_.down - static_cast<std::int64_t>(chosen_.size());
  return rejected * grid_.side_tiles * grid_.side_tiles;
}

// A supertile resampled along its rows alone, premultiplied: [side_px, side_tiles x tile_px]. One that keeps its size
// stays as it was read.
Image Tessellation::read_across(const Place& place) const {
  const int side = axis_.in;
  Image across(axis_.out, side);
  const int strip = std::min(std::max(kReadAtOnce / side, 16), side);
  for (int y = 0; y < side; y += strip) {
    const int rows = std::min(strip, side - y);
    Image read = slide_.read_region(place.x, place.y + y, 0, side, rows);
    if (axis_.in == axis_.out) {
      std::copy(read.rgba.begin(), read.rgba.end(), across.row(y));
      continue;
    }
    premultiply(read.rgba.data(), read.rgba.size() / 4);
    resample_rows(axis_, read.rgba.data(), rows, across.row(y));
  }
  return across;
}

std::vector<Tile> Tessellation::read(std::size_t i, SupertileCounts& counts) const {
  const Place& place = chosen_.at(i);
  const Image across = read_across(place);
  const int tile_px = settings_.tile_px;
  std::vector<Tile> tiles;
  for (int down = 0; down < grid_.side_tiles; ++down) {
    Image row(across.width, tile_px);
    if (axis_.in == axis_.out) {
      std::copy(across.row(down * tile_px), across.row((down + 1) * tile_px), row.row(0));
    } else {
      row = resample_columns(axis_, across, down * tile_px, (down + 1) * tile_px);
      unpremultiply(row.rgba.data(), row.rgba.size() / 4);
    }
    for (int right = 0; right < grid_.side_tiles; ++right) {
      Tile tile;
      tile.rgb = cut_out(row, right, tile_px);
      tile.edge_share = edge_share(grey_tile(tile.rgb), tile_px, tile_px);
      ++counts.seen;
      if (settings_.canny_cutoff && !(tile.edge_share >= *settings_.canny_cutoff)) {
        ++counts.rejected_by_texture;
        continue;
      }
      tile.x_um = static_cast<double>(place.x) * mpp_ + right * settings_.tile_um;
      tile.y_um = static_cast<double>(place.y) * mpp_ + down * settings_.tile_um;
      tiles.push_back(std::move(tile));
    }
  }
  return tiles;
}

}  // namespace mtlgrid

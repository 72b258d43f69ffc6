// A slide as tiles that show tissue, by the protocol of STAMP 2.5 (preprocessing/tiling.py).
//
// The slide is divided into supertiles of S x S pixels of level 0, each of which becomes L x L tiles:
//   L = max(floor(1024 mpp / tile_um), 1)      tiles a side
//   S = ceil(tile_um / mpp) L                  pixels of level 0
// 1. Supertiles: a thumbnail of at most twice as many pixels as there are supertiles, resampled (bicubic) to one pixel
// a
//    supertile; its grey must be below brightness_cutoff.
// 2. A supertile is read at level 0 and resampled (bicubic, with transparency) to tile_px L pixels a side, then divided
//    into tiles. Pixels outside the slide are black.
// 3. Tiles: the share of edge pixels (edges.h) must be at least canny_cutoff.
// A tile's place is (X mpp + i tile_um, Y mpp + j tile_um) for a supertile that begins at pixel (X, Y): since S is
// rounded up, supertiles are up to one pixel a tile further apart than their tiles say.
// Departure: order. STAMP yields supertiles as its threads finish them; here row by row, which is also the order within
// a supertile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "datasets/slides/image.h"
#include "datasets/slides/resample.h"
#include "datasets/slides/slide.h"

namespace mtlgrid {

struct TilingSettings {
  double tile_um = 256;                           // edge of a tile, microns
  int tile_px = 224;                              // edge of a tile, pixels
  std::optional<double> brightness_cutoff = 240;  // grey, 0 to 255; none: all supertiles are read
  std::optional<double> canny_cutoff = 0.02;      // share of edge pixels, 0 to 1; none: all their tiles are kept
};

// Throws InputError, one line for each setting that cannot be used (tile_um above 0 and finite, tile_px from 8 to
// 4,096, cutoffs finite).
void check_tiling(const TilingSettings& settings);

// The grid of supertiles of a slide.
struct SupertileGrid {
  std::int64_t side_px = 0;           // S, pixels of level 0
  int side_tiles = 0;                 // L
  std::int64_t across = 0, down = 0;  // supertiles
};
// Throws InputError where a supertile would have more than 16,384 pixels a side, at level 0 or resampled.
SupertileGrid supertile_grid(std::int64_t width, std::int64_t height, double mpp, const TilingSettings& settings);

struct Tile {
  double x_um = 0, y_um = 0;      // upper left corner, microns from the slide's
  double edge_share = 0;          // share of edge pixels, 0 to 1; computed also where there is no canny_cutoff
  std::vector<std::uint8_t> rgb;  // [tile_px, tile_px, 3], rows from the top
};

// What became of a supertile's tiles.
struct SupertileCounts {
  std::int64_t seen = 0;                 // tiles that were looked at
  std::int64_t rejected_by_texture = 0;  // of those, without enough edges
};

class Tessellation {
 public:
  // Makes the thumbnail and chooses the supertiles; reads up to the whole slide where it has one level alone. `slide`
  // must outlive this object. `alive` is called now and then meanwhile, by the calling thread, and may throw.
  // Throws InputError where `settings` or `mpp` cannot be used, and as Slide::read_region.
  Tessellation(const Slide& slide, const TilingSettings& settings, double mpp, const std::function<void()>& alive = {});

  const SupertileGrid& grid() const { return grid_; }
  // Supertiles that passed the first rejection, row by row.
  std::size_t supertiles() const { return chosen_.size(); }
  // Tiles of the others.
  std::int64_t tiles_rejected_by_brightness() const;
  // The tiles of supertile i < supertiles() that pass the second rejection, row by row. Adds to `counts`. Memory while
  // it runs: 40 MB for the usual 1,024 x 1,024 pixels, for supertiles of 16,384 pixels a side up to 1 GB. Several
  // threads may call it at once. Throws as Slide::read_region.
  std::vector<Tile> read(std::size_t i, SupertileCounts& counts) const;

 private:
  struct Place {
    std::int64_t x, y;  // pixels of level 0
  };
  Image read_across(const Place& place) const;

  const Slide& slide_;
  TilingSettings settings_;
  double mpp_;
  SupertileGrid grid_;
  ResampleAxis axis_;  // of both axes of a supertile
  std::vector<Place> chosen_;
};

}  // namespace mtlgrid

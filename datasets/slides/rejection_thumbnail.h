// The image that STAMP writes beside a feature file: kept tiles clear, everything else half red.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <utility>

#include "base/file_calls.h"
#include "datasets/slides/image.h"
#include "datasets/slides/slide.h"

namespace mtlgrid {

// A thumbnail of at most 512 x 512 pixels, over which a map of one pixel a tile (nearest neighbour) is laid: clear
// where a tile of `places` (upper left corners in microns, x and y) begins, otherwise red at 128 of 255. As in
// STAMP 2.5 (preprocessing/__init__.py, _get_rejection_thumb). Departure: STAMP fails where rounding puts a tile just
// beyond its map; here such a tile is left out of it. `alive` as slide_thumbnail
// has it. Throws as Slide::read_region.
Image rejection_image(const Slide& slide, std::span<const std::pair<double, double>> places, double tile_um, double mpp,
                      const std::function<void()>& alive = {});

// `image` without its A as a JPEG file (baseline, quality 75, colour at half resolution, as Pillow writes by
// default), written by rename. Throws FileError, or Error(fatal) where the JPEG library refuses.
void write_jpeg(FileCalls& calls, const std::filesystem::path& file, const Image& image);

}  // namespace mtlgrid

// Levels that OpenSlide 3 misreads: of a TIFF file, narrower or lower than one of its own tiles, and not compressed as
// JPEG.
//
// OpenSlide 3.4 asks libtiff for a whole tile. Since its security fixes of 2023 libtiff gives no more than the image
// has pixels, in rows of that length, and OpenSlide then takes them for rows of a tile: it shows noise, without an
// error. OpenSlide 4 asks for what is there. Such levels are at the top of many pyramids; they are read here by
// libtiff.
#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "datasets/slides/image.h"
#include "datasets/slides/slide_level.h"

namespace mtlgrid {

// The pixels of each such level by its number, opaque RGBA; empty where `version` (OpenSlide's own text, "3.4.1") is of
// another major version, or no level is affected. `tiles` has the tile size of each level, 0 x 0 where it has none.
// A level whose pixels libtiff cannot read either is left out. Memory: a level smaller than a tile on one side, 4 bytes
// a pixel; such levels of more than 64 million pixels are left out.
std::map<int, Image> small_levels(const std::filesystem::path& file, const std::string& version,
                                  const std::vector<SlideLevel>& levels, const std::vector<SlideLevel>& tiles);

// The region of width x height pixels from (x, y) of `level`, which may begin or end beyond it: transparent there.
Image part_of_level(const Image& level, std::int64_t x, std::int64_t y, int width, int height);

}  // namespace mtlgrid

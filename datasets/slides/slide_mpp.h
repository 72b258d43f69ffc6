// Microns per pixel of a slide's level 0, found where STAMP finds them.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mtlgrid {

struct SlideMpp {
  double value = 0;    // microns per pixel of level 0, along x
  std::string source;  // the property it is from, or `default_name` of MppChoice
};

// What is taken for slides that say nothing.
struct MppChoice {
  std::optional<double> fallback = std::nullopt;  // microns per pixel
  std::string fallback_name = "default_mpp";      // where it is from, for messages: "default_mpp", "column MPP"
  double tile_um = 256;                           // the edge of a tile in microns: a tile must have 1 to 16,384 pixels
};

// The first that a slide has, of its properties
//   openslide.mpp-x
//   openslide.comment, the number between <PixelSizeMicrons> and </PixelSizeMicrons>
//   tiff.ImageDescription, as XML: PhysicalSizeX of the first Pixels in the first Image,
// and otherwise the fallback, as in STAMP 2.5 (preprocessing/tiling.py, get_slide_mpp_): metadata come before the
// fallback, and the size of pixels along y is not looked at. Departure: a value that cannot be meant (not a number, not
// finite, not above 0, or one by which a tile would have less than 1 or more than 16,384 pixels a side) counts as none;
// STAMP fails with it. Throws InputError, beginning with `file`, where nothing usable is left: what the slide says, and
// that default_mpp or mpp_column can say it.
SlideMpp slide_mpp(const std::map<std::string, std::string>& properties, const std::filesystem::path& file,
                   const MppChoice& choice);

// A number as Python's float() reads it: blanks around it, a sign, an exponent, single underscores between digits, inf
// and nan in any case. nullopt for other text.
std::optional<double> python_float(std::string_view text);

// The text between the first <PixelSizeMicrons> and the next </PixelSizeMicrons> without a line end in between.
std::optional<std::string> comment_mpp(std::string_view comment);

// PhysicalSizeX of the first element Pixels in the first element Image below the root. nullopt where the text is not
// XML (Aperio's descriptions are not), or has none. A document type is refused: its entities could grow without bound.
std::optional<std::string> description_mpp(std::string_view description);

}  // namespace mtlgrid

// How a slide was cut into tiles, as a feature file says it.
#pragma once

#include <optional>
#include <string>

namespace mtlgrid {

// What a file does not say is 0, -1 or empty. Edges are those of a tile.
struct TileGeometry {
  double um = 0;             // edge in microns
  double px = 0;             // edge in pixels, as the extractor got it
  double mpp = 0;            // microns per pixel: um / px where both are said
  double magnification = 0;  // at which tiles were cut (TRIDENT)
  double level = -1;         // of the slide's pyramid from which they were cut (CLAM)
  double downsample = 1;     // further, after that level (CLAM)
  bool nominal = false;      // `um` and `mpp` follow from the magnification: 10 / magnification microns per pixel
  std::string unit{};        // of the coordinates, "um"
  std::string tool{}, version{};
  std::string
      unread{};  // what the file says and cannot be read: "tile_size_um is -256"; printable, at most 200 columns

  // Whether the file says anything of it, be it unreadable.
  bool says_size() const { return um > 0 || px > 0 || magnification > 0 || level >= 0 || !unread.empty(); }
};

// Adds what `name` says and cannot be read to `unread`: "tile_size_um is -256", where `what` is "is -256".
void add_unread(TileGeometry& geometry, const std::string& name, const std::string& what);

// Fills in what follows from the rest: mpp and um from each other, and from the magnification.
TileGeometry completed(TileGeometry geometry);

// "256 um in 224 px (1.143 um/px)", "256 px at 20x (nominally 128 um, 0.5 um/px)", "256 px of level 0"; "" if the
// file says none of it. What cannot be read follows: "256 px; not readable: tile_size_um is -256". Numbers have four
// digits: files whose texts are equal count as one geometry.
std::string geometry_text(const TileGeometry& geometry);
// "STAMP 2.3.0", "TRIDENT"; "" if unknown.
std::string tool_text(const TileGeometry& geometry);

// In what the two differ, as "112 um, not 256 um"; nullopt where they agree in all that both say. Numbers agree within
// 1%, which rounding and float32 need; nominal microns within 25%, since scanners' 20x are 0.4 to 0.6 microns per
// pixel.
std::optional<std::string> geometry_difference(const TileGeometry& a, const TileGeometry& b);

}  // namespace mtlgrid

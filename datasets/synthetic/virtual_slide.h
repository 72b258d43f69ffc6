// A small slide made by rule: tissue-like texture on a bright background, as a tiled TIFF that OpenSlide reads as an
// Aperio SVS. For tests and demonstrations.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace mtlgrid {

struct VirtualSlide {
  std::int64_t width = 6000, height = 4500;  // pixels of level 0, at least 64
  std::optional<double> mpp = 0.5;           // microns per pixel, as written into the file; none: none is written
  double scale_mpp = 0;                      // by which the texture is drawn; 0: that of `mpp`, or 0.5 without one
  std::uint64_t seed = 1;
  int levels = 2;                                             // each a quarter of the one before, a side
  int tissue_permille = 450;                                  // about this share of the area is tissue, 0 to 1000
  int nuclei_per_square_mm = 4500;                            // in tissue
  std::array<std::uint8_t, 3> nucleus = {95, 60, 140};        // colour of a nucleus
  std::array<std::uint8_t, 3> stain_dark = {205, 140, 180};   // tissue at its darkest
  std::array<std::uint8_t, 3> stain_light = {245, 205, 225};  // and lightest
  // Tiles of the TIFF of 256 pixels also where a level is smaller; otherwise no tile is larger than its level.
  bool large_tiles = false;
  bool plain = false;  // background alone; huge ones too are then written in seconds
};

// Writes the slide, in place of a file that is there. The same arguments give the same pixels everywhere: integer
// arithmetic on named random streams, compressed without loss. Memory: 6 bytes a pixel of level 0, with `plain` 10 MB
// whatever the size. Throws Error(fatal) for arguments that make no slide, FileError where the file cannot be
// written.
void write_virtual_slide(const std::filesystem::path& file, const VirtualSlide& slide);

}  // namespace mtlgrid

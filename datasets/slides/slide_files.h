// Which files of a folder are slides.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mtlgrid {

struct SlideFile {
  std::string name;            // path below the folder without the extension: "site1/TCGA-A6-2671-01Z"
  std::filesystem::path file;  // the folder's path and what is below it
  std::uint64_t bytes = 0;     // of the file alone: MIRAX keeps its pixels in a folder beside it
};

struct SlideFiles {
  std::vector<SlideFile> slides;      // sorted by name, by bytes
  std::vector<std::string> problems;  // one line each, "PATH: cause; what to do"
};

// Whether a file of this name is a slide by its extension, in any case: czi, svs, tif, vms, vmu, ndpi, scn, mrxs, tiff,
// svslide, bif, qptiff (STAMP 2.5, preprocessing/__init__.py, which knows small letters alone). Hidden files are not.
bool is_slide_name(const std::filesystem::path& file);

// All slides in `folder` and below it. Hidden files and folders (".cache") are passed over, as is the data folder of a
// MIRAX slide: one with the name of a .mrxs file beside it. Links are followed. Problems, not exceptions: a folder that
// cannot be read, a link that leads nowhere or back to a folder above it, a slide whose name another one has too (a.svs
// and a.tiff; neither is in `slides`, since one feature file would stand for both). Throws InputError if `folder` is
// not a folder, SystemError where the system refuses to read it.
SlideFiles find_slides(const std::filesystem::path& folder);

}  // namespace mtlgrid

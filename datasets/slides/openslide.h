// OpenSlide, the library that reads slides, opened at run time: programs start without it, and a newer one than the
// distribution's can be used (DICOM, further formats).
//
// Which library: the one that the environment variable MTLGRID_OPENSLIDE names, if it is set and not empty; otherwise
// the first of libopenslide.so.1, libopenslide.so.0 and libopenslide.so that the loader finds. PyPI's package
// openslide-bin has one as well, in the folder that
//   python -c 'import openslide_bin; print(openslide_bin.__path__[0])'
// prints. The variable may name the library itself or a folder that contains it.
#pragma once

#include <cstdint>
#include <string>

namespace mtlgrid::openslide {

struct Handle;  // an open slide; never defined here

// The functions used here, declared as in openslide.h of versions 3.4 and 4.0. All may be called by any thread at any
// time, but `close` while no other call on the same handle runs.
struct Api {
  const char* (*version)();
  const char* (*detect_vendor)(const char* file);  // null: no format that it knows
  Handle* (*open)(const char* file);               // null: no format that it knows
  void (*close)(Handle*);
  const char* (*error)(Handle*);         // null: none; once there is one it stays
  std::int32_t (*level_count)(Handle*);  // -1 on an error, as are the next
  void (*level_dimensions)(Handle*, std::int32_t level, std::int64_t* width, std::int64_t* height);
  double (*level_downsample)(Handle*, std::int32_t level);  // against level 0, at least 1
  std::int32_t (*best_level)(Handle*, double downsample);
  // Writes width x height pixels of 32 bits, ARGB in the machine's byte order, premultiplied. x and y: in level 0.
  void (*read_region)(Handle*, std::uint32_t* pixels, std::int64_t x, std::int64_t y, std::int32_t level,
                      std::int64_t width, std::int64_t height);
  const char* const* (*property_names)(Handle*);  // a null pointer at the end
  const char* (*property_value)(Handle*, const char* name);
};

// The library, opened by the first call. Throws Error(needs_person) that says what to install where there is none, also
// where MTLGRID_OPENSLIDE names a file that cannot be opened: no other library is tried then. Any thread.
const Api& api();

// "OpenSlide 4.0.1", of api(). Throws as api() does.
std::string version_text();

// The path or name that is opened for a value of MTLGRID_OPENSLIDE: for a folder, the first of the three names that it
// contains, otherwise `value` itself.
std::string named_library(const std::string& value);

}  // namespace mtlgrid::openslide

// One whole-slide image, read by OpenSlide.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "datasets/slides/image.h"
#include "datasets/slides/openslide.h"
#include "datasets/slides/slide_level.h"

namespace mtlgrid {

// An open slide. All const functions may be called by several threads at the same time. Needs file descriptors and
// OpenSlide's cache (32 MB) as long as it lives.
class Slide {
 public:
  // Opens `file`. Throws
  //   InputError    naming the cause: no such file, a folder, 0 bytes, a format that this OpenSlide does not know,
  //                 OpenSlide's own words about a file of a known format, a slide without pixels,
  //   SystemError   where the system refuses to open the file (permission, descriptors, disk): the slide may be sound,
  //   Error         as openslide::api() does.
  explicit Slide(const std::filesystem::path& file);
  Slide(const Slide&) = delete;
  Slide& operator=(const Slide&) = delete;

  const std::filesystem::path& file() const { return file_; }
  // At least one, level 0 first; each has pixels.
  const std::vector<SlideLevel>& levels() const { return levels_; }
  std::int64_t width() const { return levels_[0].width; }
  std::int64_t height() const { return levels_[0].height; }
  // What OpenSlide tells about the slide, by name ("openslide.mpp-x", "openslide.vendor").
  const std::map<std::string, std::string>& properties() const { return properties_; }
  // The property, or "" where the slide has none of that name.
  std::string property(const std::string& name) const;
  // The level that OpenSlide takes for an image whose pixels are `downsample` times as wide as those of level 0.
  int best_level(double downsample) const;

  // width x height pixels (1 to 32,768 each) of `level` from (x, y), which are pixels of level 0, also beyond the
  // slide: RGBA, not premultiplied, as openslide-python returns them (each colour is floor(255 c / a)); pixels outside
  // the slide are 0, 0, 0, 0. Throws InputError naming file and region where OpenSlide cannot decode it (no further
  // region of this object can then be read), SystemError where the file can no longer be read for another reason.
  Image read_region(std::int64_t x, std::int64_t y, int level, int width, int height) const;

 private:
  struct Closer {
    void operator()(openslide::Handle* handle) const { openslide::api().close(handle); }
  };
  // Throws InputError or SystemError as the constructor does.
  void read_levels();
  // Throws if OpenSlide has an error; `doing` is what was tried, "region ...: ".
  void check(const std::string& doing) const;

  std::filesystem::path file_;
  std::unique_ptr<openslide::Handle, Closer> handle_;
  std::vector<SlideLevel> levels_;
  std::map<std::string, std::string> properties_;
  std::map<int, Image> small_;  // levels that OpenSlide 3 misreads (small_levels.h)
};

}  // namespace mtlgrid

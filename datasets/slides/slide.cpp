#include "datasets/slides/slide.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdlib>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/read_at.h"
#include "base/system_error.h"
#include "base/text.h"
#include "datasets/slides/pixels.h"
#include "datasets/slides/small_levels.h"

namespace mtlgrid {
namespace {

constexpr int kLongestRegion = 1 << 15;  // of a region: one buffer holds it

// What the system says to a plain read of the beginning, the middle and the end: an errno, or 0.
int refusal(int file, std::uint64_t bytes) {
  std::array<std::byte, 1> one{};
  for (const std::uint64_t at : {std::uint64_t{0}, bytes / 2, bytes > 0 ? bytes - 1 : 0}) {
    int error = 0;
    read_at(file, at, one, error);
    if (error != 0) return error;
  }
  return 0;
}

// Opens and looks at the file without OpenSlide, whose errors do not tell a damaged slide from a disk that fails.
// Returns the file's size; throws SystemError where the system refuses.
std::uint64_t plain_size(const std::filesystem::path& file) {
  const FileDescriptor plain(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!plain) throw system_error(file, errno);
  struct stat state {};
  if (::fstat(plain.get(), &state) != 0) throw system_error(file, errno);
  const auto bytes = static_cast<std::uint64_t>(state.st_size);
  if (S_ISREG(state.st_mode)) {
    if (const int error = refusal(plain.get(), bytes); error != 0) throw system_error(file, error);
  }
  return bytes;
}

void check_is_file(const std::filesystem::path& file) {
  struct stat state {};
  if (::stat(file.c_str(), &state) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      throw InputError(
          fmt::format("{}: there is no such file; correct the path, or put the slide back", file.string()));
    throw system_error(file, errno);
  }
  if (!S_ISREG(state.st_mode)) throw InputError(fmt::format("{}: is not a file; a slide is one file", file.string()));
  if (plain_size(file) == 0)
    throw InputError(fmt::format("{}: is empty (0 bytes); copy the slide again", file.string()));
}

std::string extension_text(const std::filesystem::path& file) {
  const std::string extension = file.extension().string();
  return extension.empty() ? "this file without an extension" : "this " + extension + " file";
}

}  // namespace

Slide::Slide(const std::filesystem::path& file) : file_(file) {
  const openslide::Api& api = openslide::api();
  check_is_file(file);
  handle_.reset(api.open(file.c_str()));
  if (handle_ == nullptr) {
    plain_size(file);  // it may have failed for want of descriptors
    throw InputError(
        fmt::format("{}: {} cannot read {}: it does not know the format; convert the slide, or use a newer "
                    "OpenSlide (MTLGRID_OPENSLIDE)",
                    file.string(), openslide::version_text(), extension_text(file)));
  }
  check("");
  for (const char* const* name = api.property_names(handle_.get()); name != nullptr && *name != nullptr; ++name) {
    const char* value = api.property_value(handle_.get(), *name);
    if (value != nullptr) properties_.emplace(*name, value);
  }
  check("");
  read_levels();
}

void Slide::read_levels() {
  const openslide::Api& api = openslide::api();
  const std::int32_t count = api.level_count(handle_.get());
  std::vector<SlideLevel> tiles;
  for (std::int32_t i = 0; i < count; ++i) {
    SlideLevel level;
    api.level_dimensions(handle_.get(), i, &level.width, &level.height);
    level.downsample = api.level_downsample(handle_.get(), i);
    check("");
    if (level.width < 1 || level.height < 1 || !(level.downsample > 0))
      throw InputError(fmt::format("{}: level {} has {} x {} pixels; copy the slide again", file_.string(), i,
                                   level.width, level.height));
    levels_.push_back(level);
    const auto stated = [&](const char* what) {
      return std::strtoll(property(fmt::format("openslide.level[{}].{}", i, what)).c_str(), nullptr, 10);
    };
    tiles.push_back({stated("tile-width"), stated("tile-height"), 1});
  }
  if (levels_.empty()) throw InputError(fmt::format("{}: the slide has no pixels", file_.string()));
  small_ = small_levels(file_, api.version(), levels_, tiles);
}

void Slide::check(const std::string& doing) const {
  const char* error = openslide::api().error(handle_.get());
  if (error == nullptr) return;
  const std::string said = printable(error);  // before further calls
  plain_size(file_);
  throw InputError(fmt::format("{}: {}{} says: {}; the slide is damaged or incomplete: copy it again", file_.string(),
                               doing, openslide::version_text(), said));
}

std::string Slide::property(const std::string& name) const {
  const auto found = properties_.find(name);
  return found == properties_.end() ? "" : found->second;
}

int Slide::best_level(double downsample) const {
  const std::int32_t level = openslide::api().best_level(handle_.get(), downsample);
  check("");
  return std::clamp(level, std::int32_t{0}, static_cast<std::int32_t>(levels_.size()) - 1);
}

Image Slide::read_region(std::int64_t x, std::int64_t y, int level, int width, int height) const {
  if (width < 1 || height < 1 || width > kLongestRegion || height > kLongestRegion)
    throw Error(ErrorKind::fatal, fmt::format("{}: a region of {} x {} pixels", file_.string(), width, height));
  if (const auto small = small_.find(level); small != small_.end()) {
    const double downsample = levels_[static_cast<std::size_t>(level)].downsample;
    const auto in_level = [&](std::int64_t at) {
      return static_cast<std::int64_t>(std::floor(static_cast<double>(at) / downsample));
    };
    return part_of_level(small->second, in_level(x), in_level(y), width, height);
  }
  Image image(width, height);
  auto* pixels = reinterpret_cast<std::uint32_t*>(image.rgba.data());  // aligned by the allocator
  openslide::api().read_region(handle_.get(), pixels, x, y, level, width, height);
  check(fmt::format("region of {} x {} pixels at ({}, {}) of level {}: ", width, height, x, y, level));
  to_rgba(pixels, static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  return image;
}

}  // namespace mtlgrid

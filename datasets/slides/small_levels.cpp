#include "datasets/slides/small_levels.h"

#include <tiffio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace mtlgrid {
namespace {

constexpr std::int64_t kMostLevelPixels = std::int64_t{1} << 26;

struct Closer {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};

// What libtiff reads of the current directory if it is one of tiles, of this size, and not of JPEG, which OpenSlide
// decodes itself. No pixels otherwise.
Image current_image(TIFF* tiff, const SlideLevel& level) {
  std::uint32_t width = 0, height = 0;
  std::uint16_t compression = COMPRESSION_NONE;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  if (width != level.width || height != level.height || TIFFIsTiled(tiff) == 0 || compression == COMPRESSION_JPEG)
    return {};
  std::vector<std::uint32_t> pixels(static_cast<std::size_t>(width) * height);
  if (TIFFReadRGBAImageOriented(tiff, width, height, pixels.data(), ORIENTATION_TOPLEFT, 1) != 1) return {};
  Image image(static_cast<int>(width), static_cast<int>(height));
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::uint8_t bytes[4] = {static_cast<std::uint8_t>(TIFFGetR(pixels[i])),
                                   static_cast<std::uint8_t>(TIFFGetG(pixels[i])),
                                   static_cast<std::uint8_t>(TIFFGetB(pixels[i])), 255};
    std::memcpy(&image.rgba[4 * i], bytes, 4);
  }
  return image;
}

Image level_image(const std::filesystem::path& file, const SlideLevel& level) {
  TIFFSetErrorHandler(nullptr);  // they would print to stderr
  TIFFSetWarningHandler(nullptr);
  const std::unique_ptr<TIFF, Closer> tiff(TIFFOpen(file.c_str(), "r"));
  if (tiff == nullptr) return {};
  do {
    Image image = current_image(tiff.get(), level);
    if (image.width > 0) return image;
  } while (TIFFReadDirectory(tiff.get()) == 1);
  return {};
}

}  // namespace

std::map<int, Image> small_levels(const std::filesystem::path& file, const std::string& version,
                                  const std::vector<SlideLevel>& levels, const std::vector<SlideLevel>& tiles) {
  std::map<int, Image> images;
  if (version.substr(0, 2) != "3.") return images;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const SlideLevel &level = levels[i], &tile = tiles[i];
    if (level.width >= tile.width && level.height >= tile.height) continue;
    if (level.width > kMostLevelPixels / level.height) continue;
    Image image = level_image(file, level);
    if (image.width > 0) images.emplace(static_cast<int>(i), std::move(image));
  }
  return images;
}

Image part_of_level(const Image& level, std::int64_t x, std::int64_t y, int width, int height) {
  Image part(width, height);
  const std::int64_t first = std::max<std::int64_t>(x, 0), end = std::min<std::int64_t>(x + width, level.width);
  if (first >= end) return part;
  for (std::int64_t row = std::max<std::int64_t>(y, 0); row < std::min<std::int64_t>(y + height, level.height); ++row) {
    std::memcpy(part.row(static_cast<int>(row - y)) + 4 * (first - x), level.row(static_cast<int>(row)) + 4 * first,
                4 * static_cast<std::size_t>(end - first));
  }
  return part;
}

}  // namespace mtlgrid

#include "datasets/synthetic/virtual_slide.h"

#include <fmt/format.h>
#include <tiffio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/files.h"
#include "base/random.h"

namespace mtlgrid {
namespace {

constexpr int kTile = 256, kPlainTile = 1024;  // pixels a side
constexpr int kThumbnail = 16;                 // level 0 over the stripped image, as Aperio has one
constexpr int kOne = 1 << 12;                  // of fractions
constexpr std::uint8_t kBackground[3] = {243, 242, 244};
constexpr double kNucleusUm = 3.2;  // radius; with the cells of the texture: guessed by eye
constexpr double kTissueUm[2] = {900, 250}, kTextureUm = 30;

// R, G, B of a region of pixels.
struct Rgb {
  std::int64_t width = 0, height = 0;
  std::vector<std::uint8_t> bytes;  // [height, width, 3]
  std::size_t at(std::int64_t x, std::int64_t y) const { return 3 * static_cast<std::size_t>(y * width + x); }
};

// Smooth noise of 16 bits over a plane: random numbers on a lattice of `cell` pixels, smoothly in between. Integers.
class Noise {
 public:
  Noise(const RandomStream& stream, std::int64_t width, std::int64_t height, int cell)
      : cell_(cell), columns_(width / cell + 2), lattice_(static_cast<std::size_t>(columns_ * (height / cell + 2))) {
    for (std::size_t i = 0; i < lattice_.size(); ++i) lattice_[i] = static_cast<std::int32_t>(stream.bits(i) >> 16);
    for (int i = 0; i < cell; ++i) {
      const std::int64_t f = static_cast<std::int64_t>(i) * kOne / cell;  // 3 f^2 - 2 f^3
      ease_.push_back(static_cast<std::int32_t>(f * f * (3 * kOne - 2 * f) / kOne / kOne));
    }
  }
  // 0 to 65,535, at each pixel of row y.
  void row(std::int64_t y, std::span<std::int32_t> out) const {
    const std::int32_t* upper = &lattice_[static_cast<std::size_t>(y / cell_ * columns_)];
    const std::int32_t* lower = upper + columns_;
    const std::int64_t down = ease_[static_cast<std::size_t>(y % cell_)];
    for (std::size_t x = 0; x < out.size(); ++x) {
      const std::size_t c = x / static_cast<std::size_t>(cell_);
      const std::int64_t right = ease_[x % static_cast<std::size_t>(cell_)];
      const std::int64_t a = upper[c] * (kOne - right) + upper[c + 1] * right;
      const std::int64_t b = lower[c] * (kOne - right) + lower[c + 1] * right;
      out[x] = static_cast<std::int32_t>((a * (kOne - down) + b * down) / kOne / kOne);
    }
  }

 private:
  std::int64_t cell_, columns_;
  std::vector<std::int32_t> lattice_;  // [rows, columns_]
  std::vector<std::int32_t> ease_;     // of kOne, by pixel of a cell
};

double drawn_mpp(const VirtualSlide& slide) { return slide.scale_mpp > 0 ? slide.scale_mpp : slide.mpp.value_or(0.5); }

int cell_of(double microns, double mpp) { return std::max(static_cast<int>(microns / mpp), 2); }

// Which pixels are tissue: where noise is among the highest tissue_permille.
std::vector<bool> tissue_of(const VirtualSlide& slide, const RandomStream& stream) {
  const double mpp = drawn_mpp(slide);
  const Noise coarse(stream.child(0), slide.width, slide.height, cell_of(kTissueUm[0], mpp));
  const Noise fine(stream.child(1), slide.width, slide.height, cell_of(kTissueUm[1], mpp));
  const auto width = static_cast<std::size_t>(slide.width);
  std::vector<std::int32_t> a(width), b(width);
  std::vector<std::uint16_t> field(width * static_cast<std::size_t>(slide.height));
  std::vector<std::int64_t> count(1 << 16);
  for (std::int64_t y = 0; y < slide.height; ++y) {
    coarse.row(y, a);
    fine.row(y, b);
    for (std::size_t x = 0; x < width; ++x) {
      const auto value = static_cast<std::uint16_t>((3 * a[x] + 2 * b[x]) / 5);
      field[static_cast<std::size_t>(y) * width + x] = value;
      ++count[value];
    }
  }
  const std::int64_t wanted = static_cast<std::int64_t>(field.size()) * slide.tissue_permille / 1000;
  std::size_t threshold = count.size();
  for (std::int64_t above = 0; threshold > 0 && above + count[threshold - 1] <= wanted; --threshold)
    above += count[threshold - 1];
  std::vector<bool> tissue(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) tissue[i] = field[i] >= threshold;
  return tissue;
}

void draw_texture(const VirtualSlide& slide, const RandomStream& stream, const std::vector<bool>& tissue, Rgb& image) {
  const Noise texture(stream, slide.width, slide.height, cell_of(kTextureUm, drawn_mpp(slide)));
  std::vector<std::int32_t> values(static_cast<std::size_t>(slide.width));
  for (std::int64_t y = 0; y < slide.height; ++y) {
    texture.row(y, values);
    for (std::int64_t x = 0; x < slide.width; ++x) {
      if (!tissue[static_cast<std::size_t>(y * slide.width + x)]) continue;
      for (std::size_t c = 0; c < 3; ++c) {
        const int dark = slide.stain_dark[c], light = slide.stain_light[c];
        const int value = dark + (light - dark) * values[static_cast<std::size_t>(x)] / 65535;
        image.bytes[image.at(x, y) + c] = static_cast<std::uint8_t>(value);
      }
    }
  }
}

void draw_nuclei(const VirtualSlide& slide, const RandomStream& stream, const std::vector<bool>& tissue, Rgb& image) {
  const double mpp = drawn_mpp(slide);
  const std::int64_t radius = std::max(static_cast<std::int64_t>(kNucleusUm / mpp), std::int64_t{1});
  const double square_mm = static_cast<double>(slide.width) * static_cast<double>(slide.height) * mpp * mpp * 1e-6;
  const auto nuclei = static_cast<std::int64_t>(square_mm * slide.nuclei_per_square_mm);
  std::uint64_t counter = 0;
  for (std::int64_t i = 0; i < nuclei; ++i) {
    const std::int64_t x = stream.below(static_cast<std::uint32_t>(slide.width), counter);
    const std::int64_t y = stream.below(static_cast<std::uint32_t>(slide.height), counter);
    if (!tissue[static_cast<std::size_t>(y * slide.width + x)]) continue;
    for (std::int64_t dy = -radius; dy <= radius; ++dy) {
      for (std::int64_t dx = -radius; dx <= radius; ++dx) {
        const bool inside = x + dx >= 0 && x + dx < slide.width && y + dy >= 0 && y + dy < slide.height;
        if (!inside || dx * dx + dy * dy > radius * radius) continue;
        std::copy(slide.nucleus.begin(), slide.nucleus.end(),
                  image.bytes.begin() + static_cast<std::ptrdiff_t>(image.at(x + dx, y + dy)));
      }
    }
  }
}

Rgb draw(const VirtualSlide& slide) {
  Rgb image{slide.width, slide.height,
            std::vector<std::uint8_t>(3 * static_cast<std::size_t>(slide.width * slide.height))};
  for (std::size_t i = 0; i < image.bytes.size(); ++i) image.bytes[i] = kBackground[i % 3];
  const std::vector<bool> tissue = tissue_of(slide, RandomStream(slide.seed, "virtual slide/tissue"));
  draw_texture(slide, RandomStream(slide.seed, "virtual slide/texture"), tissue, image);
  draw_nuclei(slide, RandomStream(slide.seed, "virtual slide/nuclei"), tissue, image);
  return image;
}

// Rounded means of 4 x 4 pixels; what is left over at the edges is left out, as in Aperio's levels.
Rgb quarter(const Rgb& image) {
  Rgb small{image.width / 4, image.height / 4, {}};
  small.bytes.resize(3 * static_cast<std::size_t>(small.width * small.height));
  for (std::int64_t y = 0; y < small.height; ++y) {
    for (std::int64_t x = 0; x < small.width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        int sum = 8;
        for (int i = 0; i < 16; ++i) sum += image.bytes[image.at(4 * x + i % 4, 4 * y + i / 4) + c];
        small.bytes[small.at(x, y) + c] = static_cast<std::uint8_t>(sum / 16);
      }
    }
  }
  return small;
}

// A TIFF file that is being written. libtiff's own words about errors are lost: they would go to stderr.
class TiffFile {
 public:
  TiffFile(const std::filesystem::path& shown, int descriptor) : shown_(shown) {
    TIFFSetErrorHandler(nullptr);
    TIFFSetWarningHandler(nullptr);
    // libtiff closes its descriptor; AtomicFile keeps its own.
    const int own = ::dup(descriptor);
    tiff_.reset(own < 0 ? nullptr : TIFFFdOpen(own, shown.c_str(), "w"));
    if (tiff_ == nullptr) fail(own < 0 ? errno : EIO);
  }

  // The tags of the next image. `tile`: pixels a side, 0 for strips of 16 rows.
  void begin(std::int64_t width, std::int64_t height, const std::string& description, int tile) {
    TIFF* t = tiff_.get();
    TIFFSetField(t, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(width));
    TIFFSetField(t, TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(height));
    TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 3);
    TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
    TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
    TIFFSetField(t, TIFFTAG_IMAGEDESCRIPTION, description.c_str());
    if (tile == 0) {
      TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, 16);
    } else {
      TIFFSetField(t, TIFFTAG_TILEWIDTH, static_cast<std::uint32_t>(tile));
      TIFFSetField(t, TIFFTAG_TILELENGTH, static_cast<std::uint32_t>(tile));
    }
  }
  void end() {
    if (TIFFWriteDirectory(tiff_.get()) != 1) fail(errno);
  }

  void strips(const Rgb& image) {
    for (std::int64_t y = 0; y < image.height; ++y) {
      auto* row = const_cast<std::uint8_t*>(&image.bytes[image.at(0, y)]);  // libtiff's signature; it only reads
      if (TIFFWriteScanline(tiff_.get(), row, static_cast<std::uint32_t>(y), 0) != 1) fail(errno);
    }
  }
  // Tiles of `side` pixels; those at the edges are filled up with the background.
  void tiles(const Rgb& image, int side) {
    std::vector<std::uint8_t> tile(3 * static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
    std::uint32_t number = 0;
    for (std::int64_t top = 0; top < image.height; top += side) {
      for (std::int64_t left = 0; left < image.width; left += side, ++number) {
        for (std::size_t i = 0; i < tile.size(); ++i) tile[i] = kBackground[i % 3];
        const std::int64_t columns = std::min<std::int64_t>(side, image.width - left);
        for (std::int64_t y = 0; y < std::min<std::int64_t>(side, image.height - top); ++y)
          std::copy_n(&image.bytes[image.at(left, top + y)], 3 * columns,
                      &tile[3 * static_cast<std::size_t>(y) * static_cast<std::size_t>(side)]);
        write_tile(number, tile);
      }
    }
  }
  // Plain tiles of `side` pixels, all of them the bytes of the first.
  void plain_tiles(int side) {
    std::vector<std::uint8_t> tile(3 * static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
    for (std::size_t i = 0; i < tile.size(); ++i) tile[i] = kBackground[i % 3];
    write_tile(0, tile);
    // The tables that libtiff will write, of which the first entry has been filled in.
    std::uint64_t *offsets = nullptr, *sizes = nullptr;
    if (TIFFGetField(tiff_.get(), TIFFTAG_TILEOFFSETS, &offsets) != 1 ||
        TIFFGetField(tiff_.get(), TIFFTAG_TILEBYTECOUNTS, &sizes) != 1)
      fail(EIO);
    const std::uint32_t count = TIFFNumberOfTiles(tiff_.get());
    std::fill(offsets + 1, offsets + count, offsets[0]);
    std::fill(sizes + 1, sizes + count, sizes[0]);
  }

 private:
  struct Closer {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  };
  [[noreturn]] void fail(int number) const { throw FileError(shown_, "cannot be written", number == 0 ? EIO : number); }
  void write_tile(std::uint32_t number, std::vector<std::uint8_t>& tile) {
    if (TIFFWriteEncodedTile(tiff_.get(), number, tile.data(), static_cast<tmsize_t>(tile.size())) < 0) fail(errno);
  }

  std::filesystem::path shown_;
  std::unique_ptr<TIFF, Closer> tiff_;
};

void check_arguments(const VirtualSlide& slide) {
  constexpr std::int64_t kMost = 1 << 20;
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::fatal, "a virtual slide: " + what); };
  if (slide.width < 64 || slide.height < 64 || slide.width > kMost || slide.height > kMost)
    refuse(fmt::format("{} x {} pixels; a side has 64 to {}", slide.width, slide.height, kMost));
  if (slide.levels < 1 || (std::min(slide.width, slide.height) >> (2 * (slide.levels - 1))) < 16)
    refuse(fmt::format("{} levels; the smallest would have less than 16 pixels a side", slide.levels));
  if (slide.mpp && !(*slide.mpp > 0 && *slide.mpp < 1e4)) refuse(fmt::format("{} microns per pixel", *slide.mpp));
  if (slide.tissue_permille < 0 || slide.tissue_permille > 1000) refuse("tissue_permille beyond 0 to 1000");
}

// Pixels a side: a multiple of 16, as TIFF demands, and no more than the image has.
int tile_of(const VirtualSlide& slide, const Rgb& image) {
  const int most = slide.plain ? kPlainTile : kTile;
  if (slide.large_tiles) return most;
  return std::clamp(static_cast<int>(std::min<std::int64_t>(std::min(image.width, image.height), most)) / 16 * 16, 16,
                    most);
}

void write_tiles(const VirtualSlide& slide, const std::string& description, const Rgb& image, TiffFile& tiff) {
  const int side = tile_of(slide, image);
  tiff.begin(image.width, image.height, description, side);
  slide.plain ? tiff.plain_tiles(side) : tiff.tiles(image, side);
  tiff.end();
}

void write_levels(const VirtualSlide& slide, TiffFile& tiff) {
  const std::string size = fmt::format("{}x{}", slide.width, slide.height), first = "Aperio Image Library v12.0.15";
  std::string description =
      fmt::format("{}\r\n{} [0,0 {}] (256x256) RAW|AppMag = {:.0f}", first, size, size, 10 / drawn_mpp(slide));
  if (slide.mpp) description += fmt::format("|MPP = {:.4f}", *slide.mpp);
  Rgb image = slide.plain ? Rgb{slide.width, slide.height, {}} : draw(slide);
  write_tiles(slide, description, image, tiff);
  // The stripped image: every 16th pixel, of a plain slide as many as fit into 512.
  Rgb thumbnail{(slide.width - 1) / kThumbnail + 1, (slide.height - 1) / kThumbnail + 1, {}};
  if (slide.plain)
    thumbnail = {std::min<std::int64_t>(thumbnail.width, 512), std::min<std::int64_t>(thumbnail.height, 512), {}};
  thumbnail.bytes.resize(3 * static_cast<std::size_t>(thumbnail.width * thumbnail.height));
  for (std::int64_t y = 0; y < thumbnail.height; ++y)
    for (std::int64_t x = 0; x < thumbnail.width; ++x)
      std::copy_n(slide.plain ? kBackground : &image.bytes[image.at(x * kThumbnail, y * kThumbnail)], 3,
                  &thumbnail.bytes[thumbnail.at(x, y)]);
  tiff.begin(thumbnail.width, thumbnail.height, "Aperio thumbnail", 0);
  tiff.strips(thumbnail);
  tiff.end();
  for (int level = 1; level < slide.levels; ++level) {
    image = slide.plain ? Rgb{image.width / 4, image.height / 4, {}} : quarter(image);
    const std::string size_here = fmt::format("{}x{}", image.width, image.height);
    write_tiles(slide, fmt::format("{}\r\n{} -> {}", first, size, size_here), image, tiff);
  }
}

}  // namespace

void write_virtual_slide(const std::filesystem::path& file, const VirtualSlide& slide) {
  check_arguments(slide);
  AtomicFile out(FileCalls::real(), file, {.durability = Durability::none});
  {
    TiffFile tiff(file, out.descriptor());
    write_levels(slide, tiff);
  }
  out.commit();
}

}  // namespace mtlgrid

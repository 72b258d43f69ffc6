#include "datasets/slides/rejection_thumbnail.h"

#include <fmt/format.h>
#include <jpeglib.h>

#include <cmath>
#include <csetjmp>
#include <cstddef>
#include <cstdio>  // before jpeglib.h, which needs it
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/files.h"
#include "datasets/slides/thumbnail.h"

namespace mtlgrid {
namespace {

constexpr int kMostPixels = 512;  // a side: STAMP, preprocessing/__init__.py
constexpr std::uint32_t kRed[3] = {255, 0, 0};
constexpr std::uint32_t kOpacity = 128;
constexpr int kQuality = 75;  // Pillow's default

// Which tiles were kept, [down, across].
struct TileMap {
  std::size_t across, down;
  std::vector<bool> kept;
};

// In float, as STAMP has coordinates by then: a product that ends just below a whole number of tiles counts as whole.
TileMap tile_map(const Slide& slide, std::span<const std::pair<double, double>> places, double tile_um, double mpp) {
  const auto tiles = [&](std::int64_t pixels) {
    return static_cast<std::size_t>(std::ceil(static_cast<double>(pixels) * mpp / tile_um));
  };
  TileMap map{tiles(slide.width()), tiles(slide.height()), {}};
  map.kept.resize(map.across * map.down);
  const auto edge = static_cast<float>(tile_um);
  for (const auto& [x_um, y_um] : places) {
    const auto x = static_cast<std::size_t>(std::floor(static_cast<float>(x_um) / edge));
    const auto y = static_cast<std::size_t>(std::floor(static_cast<float>(y_um) / edge));
    if (x < map.across && y < map.down) map.kept[y * map.across + x] = true;
  }
  return map;
}

// For each of `out` pixels the nearest of `in`, as Pillow's resize by nearest neighbour adds its steps up.
std::vector<std::size_t> nearest_pixels(std::size_t in, int out) {
  const double step = static_cast<double>(in) / out;
  std::vector<std::size_t> pixels;
  double at = 0.5 * step;
  for (int i = 0; i < out; ++i, at += step) pixels.push_back(std::min(static_cast<std::size_t>(at), in - 1));
  return pixels;
}

void redden(std::uint8_t* pixel) {
  for (int c = 0; c < 3; ++c) {
    const std::uint32_t sum = pixel[c] * (255 - kOpacity) + kRed[c] * kOpacity + 128;
    pixel[c] = static_cast<std::uint8_t>(((sum >> 8) + sum) >> 8);
  }
}

// The library's own way out of an error is a call that must not return.
struct JpegError {
  jpeg_error_mgr manager;  // first, so that the library's pointer is one to this structure
  std::jmp_buf back;
  char text[JMSG_LENGTH_MAX];
};

void leave(j_common_ptr state) {
  auto* error = reinterpret_cast<JpegError*>(state->err);
  state->err->format_message(state, error->text);
  std::longjmp(error->back, 1);
}

void say_nothing(j_common_ptr) {}

struct Memory {
  unsigned char* bytes = nullptr;  // allocated by the library
  unsigned long size = 0;
};

// Without objects that have destructors: an error jumps over them.
bool encode(const Image& image, std::uint8_t* row, Memory& memory, JpegError& error) {
  jpeg_compress_struct state{};
  state.err = jpeg_std_error(&error.manager);
  error.manager.error_exit = leave;
  error.manager.output_message = say_nothing;
  if (setjmp(error.back) != 0) {
    jpeg_destroy_compress(&state);
    return false;
  }
  jpeg_create_compress(&state);
  jpeg_mem_dest(&state, &memory.bytes, &memory.size);
  state.image_width = static_cast<JDIMENSION>(image.width);
  state.image_height = static_cast<JDIMENSION>(image.height);
  state.input_components = 3;
  state.in_color_space = JCS_RGB;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, kQuality, TRUE);
  jpeg_start_compress(&state, TRUE);
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* in = image.row(y);
    for (int x = 0; x < image.width; ++x)
      for (int c = 0; c < 3; ++c) row[3 * x + c] = in[4 * x + c];
    JSAMPROW rows[1] = {row};
    jpeg_write_scanlines(&state, rows, 1);
  }
  jpeg_finish_compress(&state);
  jpeg_destroy_compress(&state);
  return true;
}

}  // namespace

Image rejection_image(const Slide& slide, std::span<const std::pair<double, double>> places, double tile_um, double mpp,
                      const std::function<void()>& alive) {
  Image image = slide_thumbnail(slide, kMostPixels, kMostPixels, alive);
  const TileMap map = tile_map(slide, places, tile_um, mpp);
  const std::vector<std::size_t> columns = nearest_pixels(map.across, image.width);
  const std::vector<std::size_t> rows = nearest_pixels(map.down, image.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::size_t tile = rows[static_cast<std::size_t>(y)] * map.across + columns[static_cast<std::size_t>(x)];
      if (!map.kept[tile]) redden(image.row(y) + 4 * x);
    }
  }
  return image;
}

void write_jpeg(FileCalls& calls, const std::filesystem::path& file, const Image& image) {
  std::vector<std::uint8_t> row(3 * static_cast<std::size_t>(image.width));
  Memory memory;
  JpegError error{};
  const bool whole = encode(image, row.data(), memory, error);
  const std::unique_ptr<unsigned char, decltype(&std::free)> owned(memory.bytes, std::free);
  if (!whole) throw Error(ErrorKind::fatal, fmt::format("{}: as JPEG: {}", file.string(), error.text));
  // Two processes may write it at the same time: one that was given up, and the one that took its slide over.
  AtomicFileOptions options;
  options.suffix = process_suffix();
  write_by_rename(calls, file, std::string_view(reinterpret_cast<const char*>(memory.bytes), memory.size), options);
}

}  // namespace mtlgrid

// OpenSlide's interface over slides that are one line of text:
//   fake-slide WIDTH HEIGHT MPP SEED [MISDEED [NUMBER]]
// MPP 0: the slide does not say it. Tissue covers the left three quarters of the slide; its texture is a function of
// SEED and place. MISDEED: what happens when the NUMBERth region (default 1) of level 0 is read:
//   crash  SIGSEGV           hang   it never returns           error  OpenSlide reports that it cannot be decoded
//   slow   every region takes NUMBER milliseconds
// For tests alone: MTLGRID_OPENSLIDE names this library.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

struct _openslide {
  std::int64_t width = 0, height = 0;
  std::string mpp, misdeed;
  std::uint32_t seed = 0;
  int number = 1;
  std::atomic<int> regions{0};
  std::atomic<bool> broken{false};
};

namespace {

constexpr int kLevels = 2, kDownsample = 4;
constexpr const char* kNames[] = {"openslide.vendor", "openslide.mpp-x", nullptr};

std::uint32_t mixed(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

// The pixel of level 0 as ARGB, premultiplied.
std::uint32_t pixel(const _openslide& slide, std::int64_t x, std::int64_t y) {
  if (x < 0 || y < 0 || x >= slide.width || y >= slide.height) return 0;
  if (4 * x >= 3 * slide.width) return 0xfff3f2f4u;  // background
  const auto cell = [&](int side) {
    return mixed(slide.seed ^
                 mixed(static_cast<std::uint32_t>(x / side) * 65537u + static_cast<std::uint32_t>(y / side)));
  };
  if (cell(12) % 5 == 0) return 0xff5f3c8cu;  // a nucleus
  const std::uint32_t shade = cell(64) % 40;
  return 0xff000000u | ((205 + shade) << 16) | ((140 + shade) << 8) | (180 + shade);
}

void misbehave(_openslide& slide) {
  if (slide.misdeed == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(slide.number));
  if (slide.misdeed.empty() || slide.misdeed == "slow" || ++slide.regions != slide.number) return;
  if (slide.misdeed == "crash") {
    std::signal(SIGSEGV, SIG_DFL);
    std::raise(SIGSEGV);
  }
  if (slide.misdeed == "error") slide.broken = true;
  while (slide.misdeed == "hang") std::this_thread::sleep_for(std::chrono::seconds(1));
}

}  // namespace

extern "C" {

const char* openslide_get_version() { return "0.0-fake"; }

const char* openslide_detect_vendor(const char* file) {
  std::string word;
  std::ifstream(file) >> word;
  return word == "fake-slide" ? "fake" : nullptr;
}

_openslide* openslide_open(const char* file) {
  if (openslide_detect_vendor(file) == nullptr) return nullptr;
  std::ifstream in(file);
  std::string word;
  auto* slide = new _openslide;
  in >> word >> slide->width >> slide->height >> slide->mpp >> slide->seed;
  if (!in) slide->broken = true;
  in >> slide->misdeed >> slide->number;
  return slide;
}

void openslide_close(_openslide* slide) { delete slide; }

const char* openslide_get_error(_openslide* slide) {
  return slide->broken ? "the fake slide cannot be decoded" : nullptr;
}

std::int32_t openslide_get_level_count(_openslide* slide) { return slide->broken ? -1 : kLevels; }

void openslide_get_level_dimensions(_openslide* slide, std::int32_t level, std::int64_t* width, std::int64_t* height) {
  const std::int64_t by = level == 0 ? 1 : kDownsample;
  *width = slide->width / by;
  *height = slide->height / by;
}

double openslide_get_level_downsample(_openslide*, std::int32_t level) { return level == 0 ? 1 : kDownsample; }

std::int32_t openslide_get_best_level_for_downsample(_openslide*, double downsample) {
  return downsample < kDownsample ? 0 : 1;
}

void openslide_read_region(_openslide* slide, std::uint32_t* out, std::int64_t x, std::int64_t y, std::int32_t level,
                           std::int64_t width, std::int64_t height) {
  if (level == 0) misbehave(*slide);
  const std::int64_t by = level == 0 ? 1 : kDownsample;
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column) {
      *out++ = slide->broken ? 0 : pixel(*slide, x + column * by, y + row * by);
    }
  }
}

const char* const* openslide_get_property_names(_openslide*) { return kNames; }

const char* openslide_get_property_value(_openslide* slide, const char* name) {
  if (std::string(name) == kNames[0]) return "fake";
  return std::string(name) == kNames[1] && slide->mpp != "0" ? slide->mpp.c_str() : nullptr;
}
}

#include "trainer/extractors/mean_colour.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace mtlgrid {
namespace {

constexpr int kChannels = 3;

class MeanColour : public Extractor {
 public:
  std::string name() const override { return "mean-colour"; }
  std::int64_t width() const override { return kChannels; }
  int side() const override { return 0; }
  std::string libraries() const override { return "mtlgrid " MTLGRID_VERSION; }

  void features(const std::uint8_t* tiles, int n, int side, float* out) override {
    if (side < 1) throw InputError(fmt::format("tile_px {}: expected at least 1", side));
    const std::int64_t pixels = std::int64_t{side} * side;
    for (std::int64_t tile = 0; tile < n; ++tile) {
      std::uint64_t sums[kChannels] = {};
      const std::uint8_t* at = tiles + tile * pixels * kChannels;
      for (std::int64_t i = 0; i < pixels; ++i, at += kChannels) {
        for (int c = 0; c < kChannels; ++c) sums[c] += at[c];
      }
      for (int c = 0; c < kChannels; ++c) {
        out[tile * kChannels + c] = static_cast<float>(static_cast<double>(sums[c]) / static_cast<double>(pixels));
      }
    }
  }
};

}  // namespace

std::unique_ptr<Extractor> make_mean_colour() { return std::make_unique<MeanColour>(); }

}  // namespace mtlgrid

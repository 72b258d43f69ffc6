// Pillow's resampling, bit for bit. Oracle: tests/oracle/resampling.py.
#include "datasets/slides/resample.h"

#include <gtest/gtest.h>

#include "tests/datasets/slides/ruled_image.h"
#include "tests/oracle/oracle.h"

using namespace mtlgrid;
using mtlgrid::testing::hashed;
using mtlgrid::testing::ruled_image;

namespace {

const nlohmann::json& oracle(const char* part) { return oracle_file("resampling.json").at(part); }

TEST(Resampling, GivesPillowsBitsInEverySize) {
  for (const auto& c : oracle("resized")) {
    const Image image = ruled_image(c["kind"].get<std::string>(), c["width"], c["height"]);
    const auto filter = c["filter"] == "bicubic" ? ResampleFilter::bicubic : ResampleFilter::lanczos;
    const Image plain = resize(image, c["to_width"], c["to_height"], filter);
    EXPECT_EQ(plain.width, c["to_width"]);
    EXPECT_EQ(plain.height, c["to_height"]);
    EXPECT_EQ(hashed(plain.rgba), c["plain"].get<std::string>()) << c;
    EXPECT_EQ(hashed(resize_rgba(image, c["to_width"], c["to_height"], filter).rgba), c["rgba"].get<std::string>())
        << c;
  }
}

TEST(Resampling, StretchesAPartThatEndsBetweenPixels) {
  for (const auto& c : oracle("boxed")) {
    const Image image = ruled_image("noise", c["width"], c["height"]);
    const Image result = resize(image, c["to_width"], c["to_height"], ResampleFilter::lanczos, c["right"], c["below"]);
    EXPECT_EQ(hashed(result.rgba), c["plain"].get<std::string>()) << c;
  }
}

TEST(Resampling, AlongRowsNeedsNoMoreThanTheRowsThatAreThere) {
  const Image image = ruled_image("noise", 61, 37);  // no multiple of what is worked on at once
  const ResampleAxis axis = resample_axis(61, 0, 61, 23, ResampleFilter::bicubic);
  Image whole(23, 37), parts(23, 37);
  resample_rows(axis, image.rgba.data(), 37, whole.rgba.data());
  for (const auto& [begin, rows] : {std::pair{0, 5}, {5, 16}, {21, 16}})
    resample_rows(axis, image.row(begin), rows, parts.row(begin));
  EXPECT_EQ(whole.rgba, parts.rgba);
}

TEST(Resampling, AlongColumnsGivesAnyRowsOfTheResult) {
  const Image image = ruled_image("noise", 45, 100);
  const ResampleAxis axis = resample_axis(100, 0, 100, 30, ResampleFilter::lanczos);
  const Image whole = resample_columns(axis, image, 0, 30), part = resample_columns(axis, image, 11, 19);
  EXPECT_EQ(part.rgba, std::vector<std::uint8_t>(whole.row(11), whole.row(19)));
}

TEST(Resampling, WeightsOfAnOutputSumToOne) {
  for (const auto& [in, out] : {std::pair{1024, 224}, {224, 1024}, {16384, 8}, {3, 7}}) {
    const ResampleAxis axis = resample_axis(in, 0, in, out, ResampleFilter::bicubic);
    for (int o = 0; o < out; ++o) {
      std::int64_t sum = 0;
      for (int t = 0; t < axis.taps; ++t) sum += axis.weights[static_cast<std::size_t>(o * axis.taps + t)];
      EXPECT_NEAR(static_cast<double>(sum), 1 << 22, axis.taps) << in << " to " << out << ", output " << o;
    }
  }
}

TEST(Alpha, MultipliesAndDividesAsPillowForEveryColourAndAlpha) {
  Image every(256, 256);
  for (int y = 0; y < 256; ++y) {
    for (int x = 0; x < 256; ++x) {
      std::uint8_t* p = every.row(y) + 4 * x;
      p[0] = p[1] = p[2] = static_cast<std::uint8_t>(x);
      p[3] = static_cast<std::uint8_t>(y);
    }
  }
  Image multiplied = every, divided = every;
  premultiply(multiplied.rgba.data(), 256 * 256);
  unpremultiply(divided.rgba.data(), 256 * 256);
  EXPECT_EQ(hashed(multiplied.rgba), oracle("alphas")["premultiplied"].get<std::string>());
  EXPECT_EQ(hashed(divided.rgba), oracle("alphas")["divided"].get<std::string>());
}

}  // namespace

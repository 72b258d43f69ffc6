// OpenCV's edges and Pillow's grey, bit for bit. Oracle: tests/oracle/resampling.py.
#include "datasets/slides/edges.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/datasets/slides/ruled_image.h"
#include "tests/oracle/oracle.h"

using namespace mtlgrid;
using namespace mtlgrid::testing;

namespace {

TEST(Edges, AreThoseThatOpenCVFinds) {
  for (const auto& c : oracle_file("resampling.json").at("edges")) {
    const int width = c["width"], height = c["height"];
    const auto grey = grey_pixels(ruled_image(c["kind"].get<std::string>(), width, height));
    const auto edges = canny_edges(grey, width, height, c["low"], c["high"]);
    EXPECT_EQ(std::accumulate(edges.begin(), edges.end(), 0), c["count"]) << c;
    EXPECT_EQ(hashed(edges), c["edges"].get<std::string>()) << c;
  }
}

TEST(Edges, OfAPlainImageAreNone) { EXPECT_EQ(edge_share(std::vector<std::uint8_t>(64 * 64, 200), 64, 64), 0); }

TEST(Edges, ShareCountsPixels) {
  std::vector<std::uint8_t> grey(100 * 50, 0);
  for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = i % 100 < 50 ? 0 : 255;
  EXPECT_DOUBLE_EQ(edge_share(grey, 100, 50), 50.0 / 5000);  // one column of the step
}

TEST(Grey, IsPillows) {
  EXPECT_EQ(hashed(grey_pixels(ruled_image("noise", 256, 256))),
            oracle_file("resampling.json").at("grey").get<std::string>());
}

}  // namespace

// Thumbnails of slides. Oracles: tests/oracle/resampling.py, tests/oracle/tiling.py.
#include "datasets/slides/thumbnail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "datasets/synthetic/virtual_slide.h"
#include "tests/datasets/slides/ruled_image.h"
#include "tests/datasets/support.h"
#include "tests/oracle/oracle.h"

using namespace mtlgrid;
using namespace mtlgrid::testing;

namespace {

Image part_of(const Image& image, int x, int y, int width, int height) {
  Image part(width, height);
  for (int row = 0; row < height; ++row)
    std::copy_n(image.row(y + row) + 4 * x, 4 * static_cast<std::size_t>(width), part.row(row));
  return part;
}

TEST(Reducing, GivesPillowsBitsAlsoInParts) {
  for (const auto& c : oracle_file("resampling.json").at("reduced")) {
    const int width = c["width"], height = c["height"];
    const Image image = ruled_image("noise", width, height);
    Reducer whole(width, height, c["across"], c["down"]), parts(width, height, c["across"], c["down"]);
    whole.add(image, 0, 0);
    const int x = width / 3, y = height / 2;
    parts.add(part_of(image, x, y, width - x, height - y), x, y);
    parts.add(part_of(image, 0, 0, x, height), 0, 0);
    parts.add(part_of(image, x, 0, width - x, y), x, 0);
    EXPECT_EQ(hashed(whole.result().rgba), c["plain"].get<std::string>()) << c;
    EXPECT_EQ(hashed(parts.result().rgba), c["plain"].get<std::string>()) << c;
  }
}

TEST(ThumbnailSize, KeepsTheAspectAsPillowDoes) {
  for (const auto& c : oracle_file("resampling.json").at("thumbnails")) {
    const std::pair<int, int> expected = {c[4], c[5]};
    EXPECT_EQ(thumbnail_size(c[0], c[1], c[2], c[3]), expected) << c;
  }
}

TEST(Thumbnail, AsksBeforeEachPieceWhetherToContinue) {
  const TempFolder folder;
  write_virtual_slide(folder / "s.svs", {.width = 5000, .height = 300, .levels = 1, .plain = true});
  const Slide slide(folder / "s.svs");
  int calls = 0;
  slide_thumbnail(slide, 10, 10, [&] { ++calls; });
  EXPECT_EQ(calls, 2);
  EXPECT_THROW(slide_thumbnail(slide, 10, 10, [] { throw std::runtime_error("stop"); }), std::runtime_error);
}

TEST(Thumbnail, OfManyPiecesIsThatOfOne) {
  // Level 1 has 4,500 columns: two pieces; the expected colours are those of a plain slide.
  const TempFolder folder;
  write_virtual_slide(folder / "s.svs", {.width = 18000, .height = 400, .levels = 2, .plain = true});
  const Image image = slide_thumbnail(Slide(folder / "s.svs"), 450, 450);
  EXPECT_EQ(image.width, 450);
  EXPECT_EQ(image.height, 10);
  for (std::size_t i = 0; i < image.rgba.size(); i += 4)
    EXPECT_THAT(std::vector(&image.rgba[i], &image.rgba[i] + 4), ::testing::ElementsAre(243, 242, 244, 255));
}

}  // namespace

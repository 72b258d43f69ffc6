// Virtual slides: the same everywhere, and what their settings change. That OpenSlide reads them is tested in
// tests/datasets/slides.
#include "datasets/synthetic/virtual_slide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "datasets/slides/slide.h"
#include "tests/datasets/support.h"

using namespace mtlgrid;
using namespace mtlgrid::testing;

namespace {

class VirtualSlides : public ::testing::Test {
 protected:
  Image pixels(const VirtualSlide& slide, int level = 0) {
    write_virtual_slide(folder_ / "s.svs", slide);
    const Slide read(folder_ / "s.svs");
    const SlideLevel& size = read.levels()[static_cast<std::size_t>(level)];
    return read.read_region(0, 0, level, static_cast<int>(size.width), static_cast<int>(size.height));
  }
  // The share of pixels that `holds` holds for.
  template <typename Holds>
  static double share(const Image& image, Holds holds) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < image.rgba.size(); i += 4) count += holds(&image.rgba[i]);
    return 4.0 * static_cast<double>(count) / static_cast<double>(image.rgba.size());
  }
  static bool is_background(const std::uint8_t* p) { return p[0] == 243 && p[1] == 242 && p[2] == 244; }
  static bool is_nucleus(const std::uint8_t* p) { return p[0] == 95 && p[1] == 60 && p[2] == 140; }

  const VirtualSlide usual_{.width = 1000, .height = 700, .levels = 2};
  TempFolder folder_;
};

TEST_F(VirtualSlides, OfTheSameArgumentsAreTheSameBytes) {
  write_virtual_slide(folder_ / "a.svs", usual_);
  write_virtual_slide(folder_ / "b.svs", usual_);
  EXPECT_EQ(read_text(folder_ / "a.svs"), read_text(folder_ / "b.svs"));
  VirtualSlide other = usual_;
  other.seed = 2;
  EXPECT_NE(pixels(other).rgba, pixels(usual_).rgba);
}

TEST_F(VirtualSlides, HaveAsMuchTissueAsAsked) {
  for (const int permille : {0, 200, 700, 1000}) {
    VirtualSlide slide = usual_;
    slide.tissue_permille = permille;
    slide.nuclei_per_square_mm = 0;
    EXPECT_NEAR(share(pixels(slide), is_background), 1 - permille / 1000.0, 0.01) << permille;
  }
}

TEST_F(VirtualSlides, HaveAsManyNucleiAsAsked) {
  VirtualSlide slide = usual_;
  slide.tissue_permille = 1000;
  slide.nuclei_per_square_mm = 1000;
  const double few = share(pixels(slide), is_nucleus);
  slide.nuclei_per_square_mm = 3000;
  const double many = share(pixels(slide), is_nucleus);
  EXPECT_NEAR(few, 1000 * 3.14 * 0.003 * 0.003, 0.01);
  EXPECT_NEAR(many / few, 3, 0.3);
}

TEST_F(VirtualSlides, TakeTheColoursOfNucleiAndStain) {
  VirtualSlide slide = usual_;
  slide.nucleus = {1, 2, 3};
  slide.stain_dark = slide.stain_light = {100, 50, 150};
  const Image image = pixels(slide);
  const auto is = [](int r, int g, int b) {
    return [=](const std::uint8_t* p) { return p[0] == r && p[1] == g && p[2] == b; };
  };
  EXPECT_NEAR(share(image, is(1, 2, 3)) + share(image, is(100, 50, 150)) + share(image, is_background), 1, 1e-12);
  EXPECT_GT(share(image, is(1, 2, 3)), 0.01);
}

TEST_F(VirtualSlides, WithoutMppSayNone) {
  VirtualSlide slide = usual_;
  slide.mpp = std::nullopt;
  write_virtual_slide(folder_ / "n.svs", slide);
  EXPECT_EQ(Slide(folder_ / "n.svs").property("openslide.mpp-x"), "");
  EXPECT_EQ(pixels(slide).rgba, pixels(usual_).rgba) << "drawn at 0.5";
}

TEST_F(VirtualSlides, HaveLevelsOfMeans) {
  const Image fine = pixels(usual_), coarse = pixels(usual_, 1);
  ASSERT_EQ(coarse.width, 250);
  int sum = 8;
  for (int i = 0; i < 16; ++i) sum += fine.row(40 + i / 4)[4 * (80 + i % 4) + 1];
  EXPECT_EQ(coarse.row(10)[4 * 20 + 1], sum / 16);
}

TEST_F(VirtualSlides, ThatArePlainAreSmallFilesOfAnySize) {
  VirtualSlide slide{.width = 100000, .height = 100000, .levels = 3};
  slide.plain = true;
  write_virtual_slide(folder_ / "p.svs", slide);
  EXPECT_LT(std::filesystem::file_size(folder_ / "p.svs"), 1000000U);
  const Slide read(folder_ / "p.svs");
  for (const std::int64_t at : {0, 50000, 99990}) {
    const Image image = read.read_region(at, 99990, 0, 10, 10);
    EXPECT_EQ(share(image, is_background), 1) << at;
  }
}

TEST_F(VirtualSlides, OfImpossibleArgumentsAreRefused) {
  for (const VirtualSlide& slide : {VirtualSlide{.width = 63}, VirtualSlide{.mpp = 0}, VirtualSlide{.levels = 0},
                                    VirtualSlide{.levels = 9}, VirtualSlide{.tissue_permille = 1001}})
    EXPECT_THROW(write_virtual_slide(folder_ / "x.svs", slide), Error);
  EXPECT_THROW(write_virtual_slide(folder_ / "none/x.svs", usual_), FileError);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace

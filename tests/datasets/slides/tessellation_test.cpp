// Tiles of virtual slides. Oracle: tests/oracle/tiling.py, the protocol by openslide-python, Pillow and OpenCV.
#include "datasets/slides/tessellation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <thread>

#include "datasets/slides/rejection_thumbnail.h"
#include "datasets/slides/slide_mpp.h"
#include "datasets/slides/thumbnail.h"
#include "datasets/synthetic/virtual_slide.h"
#include "tests/datasets/slides/ruled_image.h"
#include "tests/datasets/support.h"
#include "tests/oracle/oracle.h"

using namespace mtlgrid;
using namespace mtlgrid::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

VirtualSlide slide_of(const nlohmann::json& make) {
  VirtualSlide slide;
  slide.width = make.value("width", slide.width);
  slide.height = make.value("height", slide.height);
  slide.mpp = make["mpp"] == "none" ? std::nullopt : std::optional(make["mpp"].get<double>());
  slide.scale_mpp = make.value("scale_mpp", slide.scale_mpp);
  slide.seed = make.value("seed", slide.seed);
  slide.levels = make.value("levels", slide.levels);
  slide.tissue_permille = make.value("tissue_permille", slide.tissue_permille);
  return slide;
}

std::optional<double> optional_of(const nlohmann::json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

TilingSettings settings_of(const nlohmann::json& s) {
  return {.tile_um = s["tile_um"],
          .tile_px = s["tile_px"],
          .brightness_cutoff = optional_of(s["brightness_cutoff"]),
          .canny_cutoff = optional_of(s["canny_cutoff"])};
}

struct All {
  std::vector<Tile> tiles;
  SupertileCounts counts;
};

All all_tiles(const Tessellation& tessellation) {
  All all;
  for (std::size_t i = 0; i < tessellation.supertiles(); ++i)
    for (Tile& tile : tessellation.read(i, all.counts)) all.tiles.push_back(std::move(tile));
  return all;
}

class OracleSlides : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { write_virtual_slide(folder_ / "s.svs", slide_of(oracle_["make"])); }
  const TempFolder folder_;
  const nlohmann::json& oracle_ = oracle_file("tiling.json").at("cases").at(static_cast<std::size_t>(GetParam()));
};

TEST_P(OracleSlides, GiveTheSameTilesToTheBit) {
  const Slide slide(folder_ / "s.svs");
  ASSERT_EQ(slide.levels().size(), oracle_["levels"].size());
  for (std::size_t i = 0; i < slide.levels().size(); ++i) {
    const SlideLevel& level = slide.levels()[i];
    const Image pixels =
        slide.read_region(0, 0, static_cast<int>(i), static_cast<int>(level.width), static_cast<int>(level.height));
    EXPECT_EQ(hashed(pixels.rgba), oracle_["levels"][i].get<std::string>())
        << "level " << i << ": the slide itself is another";
  }
  const SlideMpp mpp =
      slide_mpp(slide.properties(), slide.file(), {.fallback = optional_of(oracle_["settings"]["default_mpp"])});
  EXPECT_EQ(mpp.value, oracle_["mpp"]);
  EXPECT_EQ(hashed(rgb_bytes(slide_thumbnail(slide, 300, 200))), oracle_["thumbnail"].get<std::string>());
  const Tessellation tessellation(slide, settings_of(oracle_["settings"]), mpp.value);
  const All all = all_tiles(tessellation);
  EXPECT_EQ(all.counts.seen, oracle_["seen"]);
  EXPECT_EQ(all.counts.seen - all.counts.rejected_by_texture, static_cast<std::int64_t>(all.tiles.size()));
  EXPECT_EQ(tessellation.tiles_rejected_by_brightness(), oracle_["rejected_by_brightness"]);
  ASSERT_EQ(all.tiles.size(), oracle_["tiles"].size());
  std::vector<std::pair<double, double>> places;
  for (std::size_t i = 0; i < all.tiles.size(); ++i) {
    const Tile& tile = all.tiles[i];
    const nlohmann::json found = {tile.x_um, tile.y_um, tile.edge_share, hashed(tile.rgb)};
    EXPECT_EQ(found, oracle_["tiles"][i]) << "tile " << i;
    places.emplace_back(tile.x_um, tile.y_um);
  }
  const Image rejection = rejection_image(slide, places, oracle_["settings"]["tile_um"], mpp.value);
  EXPECT_EQ(hashed(rgb_bytes(rejection)), oracle_["rejection"].get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Tiling, OracleSlides, ::testing::Range(0, 11));

TEST(OracleOfTiling, HasTheCasesThatAreRun) { EXPECT_EQ(oracle_file("tiling.json").at("cases").size(), 11U); }

TEST(SupertileGrid, HoldsWholeTilesAndCoversTheSlide) {
  const SupertileGrid grid = supertile_grid(3000, 2200, 0.5, {});
  EXPECT_EQ(grid.side_px, 1024);
  EXPECT_EQ(grid.side_tiles, 2);
  EXPECT_EQ(grid.across, 3);
  EXPECT_EQ(grid.down, 3);
  const SupertileGrid one = supertile_grid(1, 1, 0.2525, {});
  EXPECT_EQ(one.side_px, 1014);
  EXPECT_EQ(one.side_tiles, 1);
  EXPECT_EQ(one.across * one.down, 1);
}

TEST(SupertileGrid, CountsTilesByPythonsDivision) {
  // 1024 x 0.1 = 102.4 is 1023 times 0.1 and a rest for Python; the rounded quotient is 1024.
  const SupertileGrid grid = supertile_grid(5000, 5000, 0.1, {.tile_um = 0.1, .tile_px = 8});
  EXPECT_EQ(grid.side_tiles, static_cast<int>(std::floor((102.4 - std::fmod(102.4, 0.1)) / 0.1 + 0.5)));
}

TEST(SupertileGrid, RefusesWhatWouldNotFitIntoMemory) {
  EXPECT_THAT(problems_of([] { supertile_grid(1000, 1000, 0.01, {}); }), ElementsAre(HasSubstr("25600 pixels each")));
  EXPECT_THAT(problems_of([] { supertile_grid(1000, 1000, 8, {.tile_um = 16}); }),
              ElementsAre(HasSubstr("512 x 512 of them")));
  EXPECT_THAT(problems_of([] { supertile_grid(1000, 1000, std::nan(""), {}); }), ::testing::SizeIs(1));
}

TEST(TilingSettings, AreCheckedTogether) {
  EXPECT_THAT(problems_of([] { check_tiling({.tile_um = 0, .tile_px = 7, .canny_cutoff = std::nan("")}); }),
              ElementsAre("tile_um is 0; expected a number of microns above 0",
                          "tile_px is 7; expected 8 to 4096 pixels", HasSubstr("canny_cutoff")));
  EXPECT_NO_THROW(check_tiling({}));
}

TEST(Tessellation, ReadsTheSameInSeveralThreads) {
  const TempFolder folder;
  write_virtual_slide(folder / "s.svs", {.width = 2500, .height = 1600, .seed = 3, .tissue_permille = 900});
  const Slide slide(folder / "s.svs");
  const Tessellation tessellation(slide, {}, 0.5);
  ASSERT_GT(tessellation.supertiles(), 3U);
  const auto reading = [&](std::size_t& hash) {
    for (const Tile& tile : all_tiles(tessellation).tiles)
      hash = hash * 31 + XXH3_64bits(tile.rgb.data(), tile.rgb.size());
  };
  std::size_t hashes[4] = {};
  {
    std::vector<std::jthread> threads;
    for (std::size_t& hash : hashes) threads.emplace_back([&] { reading(hash); });
  }
  std::size_t alone = 0;
  reading(alone);
  for (const std::size_t hash : hashes) EXPECT_EQ(hash, alone);
}

TEST(Tessellation, LargeSupertilesAreReadInStrips) {
  // One tile of 4,000 pixels, more than is read at once: the same as OpenSlide's and Pillow's way in one piece.
  const TempFolder folder;
  write_virtual_slide(folder / "s.svs",
                      {.width = 4000, .height = 3900, .mpp = 0.064, .scale_mpp = 0.5, .tissue_permille = 700});
  const Slide slide(folder / "s.svs");
  const Tessellation tessellation(slide, {.brightness_cutoff = std::nullopt, .canny_cutoff = std::nullopt}, 0.064);
  ASSERT_EQ(tessellation.grid().side_px, 4000);
  SupertileCounts counts;
  const std::vector<Tile> tiles = tessellation.read(0, counts);
  ASSERT_EQ(tiles.size(), 1U);
  const Image whole = resize_rgba(slide.read_region(0, 0, 0, 4000, 4000), 224, 224, ResampleFilter::bicubic);
  EXPECT_EQ(tiles[0].rgb, rgb_bytes(whole));
}

TEST(Tessellation, OfAnUnresampledSlideHasItsPixels) {
  const TempFolder folder;
  write_virtual_slide(folder / "s.svs", {.width = 256, .height = 200, .mpp = 1, .levels = 1, .tissue_permille = 1000});
  const Slide slide(folder / "s.svs");
  const Tessellation tessellation(slide, {.tile_um = 1024, .tile_px = 1024, .canny_cutoff = std::nullopt}, 1);
  SupertileCounts counts;
  const std::vector<Tile> tiles = tessellation.read(0, counts);
  ASSERT_EQ(tiles.size(), 1U);
  EXPECT_EQ(tiles[0].rgb, rgb_bytes(slide.read_region(0, 0, 0, 1024, 1024)));
  EXPECT_EQ(tiles[0].rgb.back(), 0) << "black beyond the slide";
}

TEST(Tessellation, TellsThatItIsAlive) {
  const TempFolder folder;
  write_virtual_slide(folder / "s.svs", {.width = 9000, .height = 100, .levels = 1, .plain = true});
  const Slide slide(folder / "s.svs");
  int calls = 0;
  const Tessellation tessellation(slide, {}, 0.5, [&] { ++calls; });
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(tessellation.supertiles(), 0U);
  EXPECT_EQ(tessellation.tiles_rejected_by_brightness(), 36);
}

}  // namespace

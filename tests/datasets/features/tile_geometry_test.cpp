#include "datasets/features/tile_geometry.h"

#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

TileGeometry stamp(double um, double px) {
  TileGeometry geometry;
  geometry.um = um;
  geometry.px = px;
  return completed(geometry);
}

TileGeometry trident(double px, double magnification) {
  TileGeometry geometry;
  geometry.px = px;
  geometry.magnification = magnification;
  return completed(geometry);
}

TileGeometry clam(double px, double level, double downsample = 1) {
  TileGeometry geometry;
  geometry.px = px;
  geometry.level = level;
  geometry.downsample = downsample;
  return completed(geometry);
}

TEST(TileGeometry, SaysWhatIsKnown) {
  EXPECT_EQ(geometry_text({}), "");
  EXPECT_EQ(geometry_text(stamp(256, 0)), "256 um");
  EXPECT_EQ(geometry_text(stamp(256, 224)), "256 um in 224 px (1.143 um/px)");
  EXPECT_EQ(geometry_text(trident(256, 20)), "256 px at 20x (nominally 128 um, 0.5 um/px)");
  EXPECT_EQ(geometry_text(clam(256, 1)), "256 px of level 1");
  EXPECT_EQ(geometry_text(clam(256, 1, 2)), "256 px of level 1, downsampled by 2");
}

TEST(TileGeometry, WhatCannotBeReadIsSaidInOneLineOfBoundedLength) {
  TileGeometry geometry = stamp(0, 224);
  add_unread(geometry, "unit", "is 'a\nb'");
  EXPECT_EQ(geometry_text(geometry), "224 px; not readable: unit is 'a\\nb'");
  for (int i = 0; i < 100; ++i) add_unread(geometry, "name", "is odd");
  EXPECT_LT(geometry.unread.size(), 210);
  EXPECT_TRUE(geometry.says_size());
}

TEST(TileGeometry, DiffersInWhatBothSay) {
  EXPECT_EQ(geometry_difference(stamp(112, 224), stamp(256, 224)), "112 um, not 256 um");
  EXPECT_EQ(geometry_difference(stamp(256, 512), stamp(256, 224)), "512 px, not 224 px");
  EXPECT_EQ(geometry_difference(trident(256, 20), trident(256, 10)), "128 um, not 256 um");
  EXPECT_EQ(geometry_difference(trident(256, 20), stamp(256, 256)), "128 um, not 256 um");
  EXPECT_EQ(geometry_difference(clam(256, 1), clam(256, 0)), "level 1, not level 0");
  EXPECT_EQ(geometry_difference(clam(256, 1, 2), clam(256, 1)), "level 1 downsampled by 2, not level 1");
  EXPECT_EQ(geometry_difference(stamp(112, 224), {}), std::nullopt);
  EXPECT_EQ(geometry_difference(stamp(256, 0), clam(256, 1)), std::nullopt);
}

TEST(TileGeometry, RoundingIsNoDifference) {
  EXPECT_EQ(geometry_difference(stamp(256, 224), stamp(255.99998, 224)), std::nullopt);
  EXPECT_EQ(geometry_difference(stamp(256, 224), stamp(258, 224)), std::nullopt);
  EXPECT_NE(geometry_difference(stamp(256, 224), stamp(260, 224)), std::nullopt);
  EXPECT_EQ(geometry_difference(trident(256, 20), stamp(128, 256)), std::nullopt);
  EXPECT_EQ(geometry_difference(trident(256, 20), stamp(115, 256)), std::nullopt);  // 0.45 um/px is a 20x scan
}

}  // namespace
}  // namespace mtlgrid::testing

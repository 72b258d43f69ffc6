#include "trainer/extraction/slide_output.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <fstream>

#include "base/files.h"
#include "datasets/features/features.h"
#include "datasets/features/half.h"
#include "tests/trainer/extraction/fake_slides.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

SlideFeatures features() {
  SlideFeatures f;
  f.width = 2;
  f.values = {to_half(1), to_half(2), to_half(3), to_half(4.5), to_half(-1), to_half(0)};
  f.places = {{0, 0}, {256, 0}, {256.035, 512.07}};
  return f;
}

SlideAttributes attributes() {
  SlideRecord record;
  record.slide_file = "/somewhere/a.svs";
  record.tiles = 7;
  record.kept = 3;
  return {"mean-colour", 256, 224, "0123456789abcdef at 0.5 um", record, "test"};
}

struct SlideOutput : ::testing::Test {
  testing::Scratch scratch;
  std::filesystem::path folder = scratch.path();
};

TEST_F(SlideOutput, IsReadBackAsStampsLayout) {
  write_feature_file(FileCalls::real(), folder / "a.h5", features(), attributes());
  const FeatureInfo info = inspect_features(folder / "a.h5");
  EXPECT_EQ(info.tiles, 3);
  EXPECT_EQ(info.width, 2);
  EXPECT_EQ(info.dataset, "feats");
  EXPECT_EQ(info.coordinates, 3);
  EXPECT_EQ(info.extractor, "mean-colour");
  EXPECT_EQ(info.level, FeatureLevel::tile);
  EXPECT_EQ(geometry_text(info.geometry), "256 um in 224 px (1.143 um/px)");
  EXPECT_EQ(tool_text(info.geometry), "STAMP 2.5.0");
  EXPECT_EQ(info.extraction, attributes().mark);
  EXPECT_EQ(nlohmann::json::parse(info.slide)["tiles"], 7);
  EXPECT_EQ(info.slide.find("somewhere"), std::string::npos);
  std::vector<std::uint16_t> values(6);
  read_features(folder / "a.h5", values);
  EXPECT_EQ(values, features().values);
}

TEST_F(SlideOutput, SameContentGivesTheSameBytes) {
  const std::string first = feature_file_bytes(features(), attributes());
  std::vector<std::string> between(50, std::string(100'000, 'x'));  // memory that is not zero
  between.clear();
  EXPECT_EQ(first, feature_file_bytes(features(), attributes()));
}

TEST_F(SlideOutput, FullDiskLeavesTheOldFileAndNothingElse) {
  struct FullDisk : FileCalls {
    ssize_t write(int, const void*, std::size_t) override {
      errno = ENOSPC;
      return -1;
    }
  } full;
  std::ofstream(folder / "a.h5") << "old";
  EXPECT_THROW(write_feature_file(full, folder / "a.h5", features(), attributes()), FileError);
  EXPECT_THAT(scratch.listing(), ElementsAre(Pair("a.h5", "old")));
}

}  // namespace
}  // namespace mtlgrid

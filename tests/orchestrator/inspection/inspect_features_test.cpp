#include "orchestrator/inspection/inspect_features.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <vector>

#include "datasets/features/feature_disk.h"
#include "datasets/features/half.h"
#include "datasets/features/hdf5.h"
#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/support.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kWidth = 4;

// Tiles whose values are all different, about `mean`.
std::vector<double> tiles(int count, double mean = 0, double scale = 1) {
  std::vector<double> values;
  for (int i = 0; i < count * kWidth; ++i) values.push_back(mean + scale * std::sin(1 + i));
  return values;
}

class InspectFeatures : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::vector<double>& values, const std::string& extractor = "ctranspath",
             StampLayout layout = StampLayout::v2) {
    std::vector<std::uint16_t> halves;
    for (const double value : values) halves.push_back(to_half(value));
    write_features(scratch_.path() / name, halves, kWidth, layout, extractor);
  }
  void copy(const std::string& of, const std::string& name) {
    std::filesystem::create_directories((scratch_.path() / name).parent_path());
    std::filesystem::copy_file(fixture(of), scratch_.path() / name);
  }
  Inspection file(const std::string& name) { return inspect_feature_file(scratch_.path() / name, reader_); }
  Inspection folder() { return inspect_feature_folder(scratch_.path(), reader_); }

  Scratch scratch_;
  DirectReader reader_{FeatureDisk::real()};
};

TEST_F(InspectFeatures, AnOrdinaryFileIsRight) {
  write("a.h5", tiles(5));
  const Inspection found = file("a.h5");
  EXPECT_THAT(found.wrong, IsEmpty());
  EXPECT_EQ(found.facts["tiles"], 5);
  EXPECT_EQ(found.facts["type"], "float16");
  EXPECT_EQ(found.facts["extractor"], "ctranspath");
  EXPECT_THAT(found.facts["geometry"].get<std::string>(), HasSubstr("256 um in 224 px"));
  EXPECT_THAT(inspection_text(found), HasSubstr("features a tile"));
}

TEST_F(InspectFeatures, WhatLooksWrongInValuesIsSaid) {
  auto values = tiles(4);
  values[0] = INFINITY;
  write("infinite.h5", values);
  EXPECT_THAT(file("infinite.h5").wrong, ElementsAre("values that are not finite"));
  write("zeros.h5", std::vector<double>(40));
  EXPECT_THAT(file("zeros.h5").wrong,
              ElementsAre("nearly all values are zero", "most features have one value in all tiles",
                          "tiles that hold one value alone", "tiles that repeat other tiles bit for bit"));
  auto repeated = tiles(4);
  std::copy(repeated.begin(), repeated.begin() + kWidth, repeated.end() - kWidth);
  write("repeated.h5", repeated);
  EXPECT_THAT(file("repeated.h5").wrong, ElementsAre("tiles that repeat other tiles bit for bit"));
}

TEST_F(InspectFeatures, TheFileThatDiffersFromItsCohortIsNamed) {
  for (int i = 0; i < 12; ++i) write(fmt::format("s{:02}.h5", i), tiles(20 + i));
  write("shifted.h5", tiles(20, 3));
  write("other.h5", tiles(19), "uni");
  scratch_.write("damaged.h5", "no HDF5");
  const Inspection found = folder();
  EXPECT_EQ(found.facts["files"], 14);
  EXPECT_EQ(found.facts["extractor"], "ctranspath (13), uni (1)");
  EXPECT_THAT(found.wrong, ElementsAre(HasSubstr("1 of 15 files: unreadable or truncated"),
                                       HasSubstr("1 of 15 files: extractor uni, others ctranspath (other.h5)"),
                                       HasSubstr("(shifted.h5 3")));
}

TEST_F(InspectFeatures, FilesOfTheSameFeaturesAreNamed) {
  write("a.h5", tiles(5));
  write("b.h5", tiles(5, 1));
  write("c.h5", tiles(5));
  write("d.h5", {});
  write("e.h5", {});
  EXPECT_THAT(folder().wrong, Contains("2 of 5 files, in 1 group, have the same features as another file, which two "
                                       "slides cannot (a.h5 and c.h5)"));
}

TEST_F(InspectFeatures, CoordinatesAloneAreNoFeaturesAndNotWrong) {
  for (int i = 0; i < 3; ++i) write(fmt::format("s{}.h5", i), tiles(5 + i));
  copy("no_feats.h5", "patches/s0_patches.h5");
  const Inspection found = folder();
  EXPECT_THAT(found.wrong, IsEmpty());
  EXPECT_EQ(found.facts["files"], 3);
  EXPECT_EQ(found.facts["coordinates of tiles and no features"], "1 file (patches/s0_patches.h5)");
  EXPECT_EQ(file("patches/s0_patches.h5").kind, "coordinates of tiles");
  EXPECT_THAT(file("patches/s0_patches.h5").wrong, IsEmpty());
  EXPECT_EQ(inspect_feature_folder(scratch_.path() / "patches", reader_).kind, "folder of coordinates of tiles");
}

TEST_F(InspectFeatures, ASlideInBothFormatsCountsOnce) {
  std::filesystem::create_directories(scratch_.path() / "h5_files");
  write("h5_files/a.h5", tiles(5));
  write("h5_files/b.h5", tiles(6));
  copy("layouts/clam.pt", "pt_files/a.pt");
  copy("layouts/clam.pt", "pt_files/b.pt");
  const Inspection found = folder();
  EXPECT_THAT(found.wrong, IsEmpty());
  EXPECT_EQ(found.facts["files"], 2);
  EXPECT_EQ(found.facts["both as .h5 and .pt"], "2 slides, of which the .h5 is read");
}

TEST_F(InspectFeatures, AnotherNumberOfCoordinatesIsWrong) {
  write("a.h5", tiles(5));
  EXPECT_EQ(file("a.h5").facts["coordinates"], 5);
  std::vector<float> values;
  for (const double value : tiles(20)) values.push_back(static_cast<float>(value));
  const std::vector<float> coords(14);
  {
    const auto root = hdf5::create_file(scratch_.path() / "b.h5");
    hdf5::write_dataset(root, "features", {20, kWidth}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data());
    hdf5::write_dataset(root, "coords", {7, 2}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, coords.data());
  }
  EXPECT_THAT(file("b.h5").wrong, ElementsAre("not as many coordinates as tiles: 7 and 20"));
  EXPECT_THAT(folder().wrong, Contains("1 of 2 files: not as many coordinates as tiles (b.h5: 7 and 20)"));
}

TEST_F(InspectFeatures, ASlideWithoutTissueIsComparedWithNothing) {
  for (int i = 0; i < 12; ++i) write(fmt::format("s{:02}.h5", i), tiles(20 + i));
  copy("layouts/trident_empty.h5", "empty.h5");
  const Inspection found = folder();
  EXPECT_THAT(found.wrong, IsEmpty());
  EXPECT_EQ(found.facts["files"], 13);
  EXPECT_EQ(found.facts["tiles a file"], "20 to 31");
  EXPECT_THAT(found.facts["no tiles"].get<std::string>(), HasSubstr("1 file (empty.h5)"));
  EXPECT_THAT(file("empty.h5").wrong, IsEmpty());
  copy("layouts/trident_empty.h5", "none/empty.h5");
  EXPECT_THAT(inspect_feature_folder(scratch_.path() / "none", reader_).wrong, ElementsAre("no file has tiles"));
}

TEST_F(InspectFeatures, AFolderOfLikeFilesIsRight) {
  for (int i = 0; i < 12; ++i) write(fmt::format("s{:02}.h5", i), tiles(20 + i));
  EXPECT_THAT(folder().wrong, IsEmpty());
}

}  // namespace
}  // namespace mtlgrid::testing

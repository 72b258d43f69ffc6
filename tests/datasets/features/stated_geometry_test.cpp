// What files say of their tiles in another way than the tools do: read, or named as not readable; never passed over.
#include <cmath>
#include <limits>

#include "datasets/features/feature_reader.h"
#include "datasets/features/features.h"
#include "datasets/features/hdf5.h"
#include "datasets/features/reader_process.h"
#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/features/forked_reader.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using hdf5::Handle;
using ::testing::HasSubstr;

class StatedGeometry : public ::testing::Test {
 public:
  // A file of STAMP 1.x, which says nothing of its tiles.
  StatedGeometry() : file(folder / "x.h5") {
    write_features(file, std::vector<std::uint16_t>(16, 0x3c00), 8, StampLayout::v1, "ctranspath");
  }
  Handle root() const { return {H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose}; }
  template <typename Value>
  StatedGeometry& say(const char* name, const Value& value) {
    const Handle object = root();
    if (H5Aexists(object.get(), name) > 0) H5Adelete(object.get(), name);
    hdf5::write_attribute(object, name, value);
    return *this;
  }
  // An array of float64.
  StatedGeometry& say_all(const char* name, const std::vector<double>& values) {
    const Handle object = root();
    if (H5Aexists(object.get(), name) > 0) H5Adelete(object.get(), name);
    const hsize_t count = values.size();
    const Handle space(H5Screate_simple(1, &count, nullptr), H5Sclose);
    const Handle attribute(H5Acreate2(object.get(), name, H5T_IEEE_F64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, values.data());
    return *this;
  }
  // As `plan` reads it: nothing that a file says of its tiles makes the answer of the process one of a crash.
  TileGeometry read() const {
    ReaderProcess reader([] { return forked_reader(); }, [](const std::string&) {});
    return reader.read(file, true, false).info.geometry;
  }
  std::string text() const { return geometry_text(read()); }

  TempFolder folder;
  std::filesystem::path file;
};

TEST_F(StatedGeometry, NumbersMayBeTextAndArraysOfOne) {
  EXPECT_EQ(text(), "");
  EXPECT_FALSE(read().says_size());
  EXPECT_EQ(say("tile_size_um", std::string("256")).text(), "256 um");
  EXPECT_EQ(say("tile_size_um", std::string(" 256.0 ")).text(), "256 um");
  EXPECT_EQ(say_all("tile_size_um", {256}).text(), "256 um");
  EXPECT_EQ(say("tile_size_um", std::string("None")).text(), "");
  EXPECT_EQ(say("tile_size_px", std::string("224")).text(), "224 px");
}

TEST_F(StatedGeometry, WhatCannotBeMeantIsNamed) {
  const std::pair<double, const char*> numbers[] = {{-256, "-256"},  {0, "0"},          {std::nan(""), "nan"},
                                                    {1e19, "1e+19"}, {1e300, "1e+300"}, {INFINITY, "inf"}};
  for (const auto& [number, shown] : numbers) {
    EXPECT_EQ(say("tile_size_um", number).text(), std::string("not readable: tile_size_um is ") + shown);
    EXPECT_TRUE(read().says_size()) << "it does not say nothing";
  }
  EXPECT_EQ(say("tile_size_um", std::numeric_limits<std::int64_t>::max()).text(),
            "not readable: tile_size_um is 9.22337e+18");
  EXPECT_EQ(say("tile_size_um", std::string("256um\x1b")).text(), "not readable: tile_size_um is '256um\\x1b'");
  EXPECT_EQ(say("tile_size_um", std::string("1e999")).text(), "not readable: tile_size_um is '1e999'");
  EXPECT_EQ(say_all("tile_size_um", {256, 112}).text(), "not readable: tile_size_um is not a single number");
  EXPECT_EQ(say("tile_size_px", 224.0).text(), "224 px; not readable: tile_size_um is not a single number");
  EXPECT_EQ(say("tile_size_px", -1.0).text(), "not readable: tile_size_um is not a single number, tile_size_px is -1");
}

TEST_F(StatedGeometry, MicronsHaveManySpellings) {
  say("tile_size", 256.0);
  EXPECT_EQ(text(), "not readable: tile_size has no unit");
  for (const char* unit : {"um", "\u00b5m", "\u03bcm", "microns", "Micrometers", "micrometres"}) {
    EXPECT_EQ(say("unit", std::string(unit)).text(), "256 um") << unit;
    EXPECT_EQ(read().unit, "um") << unit;
  }
  EXPECT_EQ(say("unit", std::string("mm")).text(), "not readable: tile_size is in 'mm', not um");
  EXPECT_EQ(say("tile_size_um", 112.0).text(), "112 um") << "which goes first";
}

TEST_F(StatedGeometry, OfCoordinatesToo) {
  {
    const Handle object = root();
    const Handle coords(H5Dopen2(object.get(), "coords", H5P_DEFAULT), H5Dclose);
    hdf5::write_attribute(coords, "patch_size", std::string("256"));
    hdf5::write_attribute(coords, "patch_level", 1e30);
  }
  EXPECT_EQ(text(), "256 px; not readable: patch_level is 1e+30");
  EXPECT_EQ(read().tool, "CLAM");
}

// The extremes of what is read: what follows from them is an answer too.
TEST_F(StatedGeometry, ExtremesAreAnswers) {
  for (const double um : {1e-3, 1e9}) {
    for (const double px : {1e-3, 1e9}) {
      say("tile_size_um", um).say("tile_size_px", px);
      EXPECT_TRUE(read().unread.empty()) << um << " " << px;
    }
  }
}

TEST(BagsConfig, IsReadOrNamed) {
  const TempFolder folder;
  std::filesystem::copy(fixture("layouts") / "half.pt", folder / "a.pt");
  const auto text = [&](const std::string& config) {
    write_text(folder / "bags_config.json", config);
    return geometry_text(inspect_features(folder / "a.pt").geometry);
  };
  EXPECT_EQ(geometry_text(inspect_features(folder / "a.pt").geometry), "");
  EXPECT_EQ(text(R"({"tile_um": "128", "tile_px": "256"})"), "128 um in 256 px (0.5 um/px)");
  EXPECT_EQ(text(R"({"tile_um": "20x", "tile_px": 256})"), "256 px at 20x (nominally 128 um, 0.5 um/px)");
  EXPECT_EQ(text(R"({"tile_um": null, "tile_px": 256})"), "256 px");
  EXPECT_EQ(text(R"({"tile_um": -5, "tile_px": 256})"), "256 px; not readable: tile_um is -5");
  EXPECT_EQ(text(R"({"tile_um": 1e300})"), "not readable: tile_um is 1e+300");
  EXPECT_EQ(text(R"({"tile_um": "1e300x"})"), "not readable: tile_um is '1e300x'");
  EXPECT_EQ(text(R"({"tile_um": "wide"})"), "not readable: tile_um is 'wide'");
  EXPECT_EQ(text(R"({"tile_um": [128]})"), "not readable: tile_um is not a number");
  for (const char* broken : {R"({"tile_um": NaN})", R"({"tile_um": 2e400})", R"({"tile_)", "[1]", ""}) {
    EXPECT_EQ(text(broken), "not readable: bags_config.json is not a JSON object") << broken;
  }
  EXPECT_EQ(text(std::string(2 << 20, ' ')), "not readable: bags_config.json has more than 1 MB");
  std::filesystem::remove(folder / "bags_config.json");
  std::filesystem::create_symlink("nowhere", folder / "bags_config.json");
  EXPECT_EQ(geometry_text(inspect_features(folder / "a.pt").geometry), "not readable: bags_config.json is not a file");
}

}  // namespace
}  // namespace mtlgrid::testing

// Files as the usual tools write them (tests/datasets/make_layouts.py): bit-equal to h5py and torch after rounding.
#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "datasets/cohorts/cohort_level.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/features.h"
#include "datasets/features/fingerprint.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::filesystem::path layout(const std::string& name) { return fixture("layouts") / name; }

nlohmann::json expected() { return nlohmann::json::parse(read_text(layout("expected.json"))); }

// Little-endian numbers of two bytes as hex digits.
std::string hex_of(const std::vector<std::uint16_t>& values) {
  std::string out;
  for (const std::uint16_t v : values) out += fmt::format("{:02x}{:02x}", v & 0xff, v >> 8);
  return out;
}

TEST(Layouts, AreReadAsTheToolsWriteThem) {
  int read = 0;
  const nlohmann::json all = expected();
  for (const auto& [name, what] : all.items()) {
    if (what.contains("refused")) continue;
    SCOPED_TRACE(name);
    std::vector<std::uint16_t> values;
    const FeatureInfo info = load_features(layout(name), values, FeatureDisk::real(), true);
    EXPECT_EQ(info.tiles, what["tiles"]);
    EXPECT_EQ(info.width, what["width"]);
    EXPECT_EQ(hex_of(values), what["values"]);
    EXPECT_EQ(level_name(info.level), what["level"]);
    EXPECT_EQ(geometry_text(info.geometry), what["geometry"]);
    EXPECT_EQ(tool_text(info.geometry), what["tool"]);
    EXPECT_EQ(extractor_of(info), what["extractor"]);
    ++read;
  }
  EXPECT_GE(read, 14);
}

// Trainers read the same values of files that were checked.
TEST(Layouts, AreReadAlikeWithoutTheirAttributes) {
  const nlohmann::json all = expected();
  for (const auto& [name, what] : all.items()) {
    if (what.contains("refused") || what["tiles"] == 0) continue;
    const Bag bag = read_bag({layout(name)});
    EXPECT_EQ(bag.tiles, what["tiles"]) << name;
    EXPECT_EQ(hex_of(bag.values), what["values"]) << name;
  }
}

TEST(Layouts, SlidesWithoutTissueHaveNoTiles) {
  DirectReader reader(FeatureDisk::real());
  for (const char* name : {"trident_empty.h5", "trident_slide_empty.h5", "empty.pt"}) {
    const CheckedFile file = reader.read(layout(name), true, true);
    EXPECT_EQ(file.info.tiles, 0) << name;
    EXPECT_EQ(file.zero_tiles, 0) << name;
  }
}

TEST(Layouts, WhatHasNoFeaturesIsRefusedWithTheReason) {
  int refused = 0;
  const nlohmann::json all = expected();
  for (const auto& [name, what] : all.items()) {
    if (!what.contains("refused")) continue;
    EXPECT_THAT(problems_of([&] { inspect_features(layout(name)); }),
                ElementsAre(AllOf(HasSubstr(name + ": "), HasSubstr(what["refused"].get<std::string>()),
                                  HasSubstr("expected "))))
        << name;
    ++refused;
  }
  EXPECT_GE(refused, 8);
}

TEST(Layouts, WhatToDoWithAnOldFileIsSaid) {
  EXPECT_THAT(problems_of([&] { inspect_features(layout("refused_before_1_6.pt")); }),
              ElementsAre(HasSubstr("save it again with torch.save of PyTorch 1.6 or later")));
  EXPECT_THAT(problems_of([&] { inspect_features(layout("refused_numpy.pt")); }),
              ElementsAre(HasSubstr("torch.save(features, FILE)")));
}

TEST(Layouts, PytorchFilesThatAreTruncatedAreRefused) {
  const TempFolder folder;
  const std::string whole = read_text(layout("dict.pt"));
  for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 97) {
    write_text(folder / "cut.pt", whole.substr(0, size));
    EXPECT_THAT(problems_of([&] { inspect_features(folder / "cut.pt"); }), ElementsAre(HasSubstr("cut.pt: "))) << size;
  }
}

TEST(Layouts, PytorchFilesWithFlippedBitsAreRefusedOrTheSame) {
  const TempFolder folder;
  const std::string whole = read_text(layout("dict.pt"));
  const std::string values = expected()["dict.pt"]["values"];
  int refused = 0;
  for (std::size_t i = 0; i < whole.size(); i += 3) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
    write_text(folder / "flipped.pt", bytes);
    try {
      std::vector<std::uint16_t> read;
      load_features(folder / "flipped.pt", read, FeatureDisk::real(), false);
      EXPECT_EQ(hex_of(read), values) << "byte " << i;
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(Layouts, APytorchFileOfAnotherFormatSaysSo) {
  const TempFolder folder;
  std::filesystem::copy(layout("trident.h5"), folder / "a.pt");
  EXPECT_THAT(problems_of([&] { inspect_features(folder / "a.pt"); }),
              ElementsAre(HasSubstr("a.pt: an HDF5 file, expected the suffix .h5")));
  ASSERT_EQ(::mkfifo((folder / "pipe.pt").c_str(), 0600), 0);
  EXPECT_THAT(problems_of([&] { inspect_features(folder / "pipe.pt"); }), ElementsAre(HasSubstr("a pipe, a socket")));
}

}  // namespace
}  // namespace mtlgrid::testing

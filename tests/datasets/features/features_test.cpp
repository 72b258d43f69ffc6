#include "datasets/features/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "datasets/features/feature_summary.h"
#include "datasets/features/half.h"
#include "datasets/features/hdf5.h"
#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<double> values_of(const std::filesystem::path& file) {
  const FeatureInfo info = inspect_features(file);
  std::vector<std::uint16_t> bits(static_cast<std::size_t>(info.tiles * info.width));
  read_features(file, bits);
  std::vector<double> out;
  for (const auto b : bits) out.push_back(from_half(b));
  return out;
}
std::vector<std::string> problems(const std::string& name) {
  return problems_of([&] { inspect_features(fixture(name)); });
}

TEST(Half, EveryPatternSurvivesTheRoundTrip) {
  for (int bits = 0; bits <= 0xffff; ++bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    if (std::isnan(from_half(pattern))) {
      EXPECT_EQ(to_half(from_half(pattern)) & 0x7fff, 0x7e00);
    } else {
      ASSERT_EQ(to_half(from_half(pattern)), pattern);
    }
  }
}

TEST(Half, RoundsToNearestEvenOnce) {
  EXPECT_EQ(to_half(1 + 0x1p-11), 0x3c00);            // a tie goes to the even neighbour
  EXPECT_EQ(to_half(1 + 3 * 0x1p-11), 0x3c02);        // upwards here
  EXPECT_EQ(to_half(1 + 0x1p-11 + 0x1p-40), 0x3c01);  // not by way of float, which would make it a tie
  EXPECT_EQ(to_half(0x1p-25), 0x0000);                // half the smallest subnormal
  EXPECT_EQ(to_half(std::nextafter(0x1p-25, 1)), 0x0001);
  EXPECT_EQ(to_half(-0.0), 0x8000);
  EXPECT_EQ(to_half(65519.999), 0x7bff);
  EXPECT_EQ(to_half(65520), 0x7c00);
  EXPECT_EQ(to_half(-1e300), 0xfc00);
}

TEST(Half, ManyFloatsAreRoundedAsEachAlone) {
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits < (1ull << 32); bits += 4099) {  // every sign, exponent, NaN and subnormal
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  for (std::uint32_t pattern = 0; pattern < 0x7c00; ++pattern) {  // ties between neighbours, and beside them
    const double low = from_half(static_cast<std::uint16_t>(pattern));
    const double high = pattern == 0x7bff ? 65536 : from_half(static_cast<std::uint16_t>(pattern + 1));
    const auto middle = static_cast<float>((low + high) / 2);
    for (const float value : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)}) {
      values.insert(values.end(), {value, -value});
    }
  }
  // Seven at a time are too few for vector instructions: the portable way is seen too.
  std::vector<std::uint16_t> together(values.size()), by_seven(values.size());
  round_to_half(values, together);
  for (std::size_t i = 0; i < values.size(); i += 7) {
    const std::size_t n = std::min<std::size_t>(7, values.size() - i);
    round_to_half(std::span<const float>(values).subspan(i, n), std::span(by_seven).subspan(i, n));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(together[i], to_half(values[i])) << values[i];
    ASSERT_EQ(by_seven[i], to_half(values[i])) << values[i];
  }
  EXPECT_THROW(round_to_half(values, std::span(together).first(1)), std::invalid_argument);
}

void write_chunked(const std::filesystem::path& file, hsize_t rows, hsize_t columns, hid_t type,
                   const std::vector<float>& values) {
  const hsize_t shape[2] = {1000, 300}, chunk[2] = {rows, columns};
  const auto root = hdf5::create_file(file);
  const hdf5::Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose),
      space(H5Screate_simple(2, shape, nullptr), H5Sclose);
  if (rows > 0) H5Pset_chunk(properties.get(), 2, chunk);
  const hdf5::Handle feats(
      H5Dcreate2(root.get(), "feats", type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Dclose);
  H5Dwrite(feats.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

// 1,000 tiles of 300 numbers, so several blocks, in chunks that fit neither the tiles nor the blocks; chunks of whole
// rows, down to one, are read past HDF5's general way.
TEST(Features, AreReadWholeWhateverTheChunks) {
  const TempFolder folder;
  std::vector<float> values(1000 * 300);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 2039) / 8;
  std::vector<std::uint16_t> expected(values.size());
  std::transform(values.begin(), values.end(), expected.begin(), to_half);
  const auto half = hdf5::float16_type();
  for (const hid_t type : {H5T_IEEE_F32LE, half.get()}) {
    for (const hsize_t columns : {77, 300}) {
      for (const hsize_t rows : {0, 1, 7, 370, 1000}) {
        const auto file = folder / fmt::format("{}-{}-{}.h5", rows, columns, type == half.get());
        write_chunked(file, rows, columns, type, values);
        EXPECT_TRUE(read_bag({file}).values == expected) << file;
      }
    }
  }
}

TEST(Features, Float32IsRoundedAsNumpyDoes) {
  const auto file = fixture("half_rounding.h5");
  const auto root = hdf5::open_file(file);
  const auto expected = hdf5::find_dataset(root, "expected");
  ASSERT_TRUE(expected);
  const FeatureInfo info = inspect_features(file);
  std::vector<std::uint16_t> ours(static_cast<std::size_t>(info.tiles * info.width)), numpy(ours.size());
  hdf5::read_rows(*expected, 0, static_cast<hsize_t>(info.tiles), static_cast<hsize_t>(info.width),
                  hdf5::float16_type().get(), numpy.data());
  read_features(file, ours);
  EXPECT_THAT(ours, SizeIs(::testing::Gt(1000u)));
  EXPECT_EQ(ours, numpy);
}

TEST(Features, OtherFloatTypesAndLayoutsGiveTheSameValues) {
  for (const char* name : {"float64.h5", "big_endian.h5", "compressed.h5"}) {
    EXPECT_THAT(values_of(fixture(name)), ElementsAre(0.5, -1.25, 3, 0x1p-23, 65504, 0)) << name;
  }
}

TEST(Features, BothStampLayoutsAreReadAlike) {
  const TempFolder folder;
  const std::vector<std::uint16_t> values{0x3c00, 0x4000, 0x0001, 0xbc00, 0x7bff, 0x8000};
  write_features(folder / "v1.h5", values, 3, StampLayout::v1, "E");
  write_features(folder / "v2.h5", values, 2, StampLayout::v2, "F");
  const FeatureInfo v1 = inspect_features(folder / "v1.h5"), v2 = inspect_features(folder / "v2.h5");
  EXPECT_EQ(v1.tiles, 2);
  EXPECT_EQ(v1.width, 3);
  EXPECT_EQ(v1.extractor, "E");
  EXPECT_EQ(v2.tiles, 3);
  EXPECT_EQ(v2.width, 2);
  EXPECT_EQ(v2.extractor, "F");
  for (const char* name : {"v1.h5", "v2.h5"}) {
    std::vector<std::uint16_t> read(6);
    read_features(folder / name, read);
    EXPECT_EQ(read, values);
  }
}

TEST(Features, TheExtractorIsReadFromAnyTextOrAbsent) {
  EXPECT_EQ(inspect_features(fixture("big_endian.h5")).extractor, "ctranspath");  // variable length
  EXPECT_EQ(inspect_features(fixture("compressed.h5")).extractor, "ctranspath");  // fixed length
  EXPECT_EQ(inspect_features(fixture("float64.h5")).extractor, "");
  EXPECT_EQ(inspect_features(fixture("float64.h5")).value_bytes, 8U);
  EXPECT_EQ(inspect_features(fixture("big_endian.h5")).value_bytes, 2U);
  EXPECT_THAT(problems("numeric_extractor.h5"), ElementsAre(HasSubstr("attribute 'extractor' is not a single text")));
}

TEST(Features, WhatIsNoTileFileIsNamedWithTheReason) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"none.h5", "no such file"},
      {"no_feats.h5", "no dataset 'feats', 'patch_embeddings' or 'features', and no other one"},
      {"two_candidates.h5", "and several others of floats in rows and columns"},
      {"feats_group.h5", "no dataset 'feats'"},
      {"integers.h5", "no floating-point numbers"},
      {"declared_only.h5", "expected all of them (declares 1536000 bytes (shape [1000, 768]) and stores 0)"},
      {"huge_claim.h5", "expected all of them"}};
  for (const auto& [name, reason] : cases) {
    EXPECT_THAT(problems(name), ElementsAre(AllOf(HasSubstr(name), HasSubstr(reason)))) << name;
  }
}

TEST(Features, EveryTruncationIsRefused) {
  const TempFolder folder;
  write_features(folder / "whole.h5", std::vector<std::uint16_t>(64, 0x3c00), 8, StampLayout::v2, "E");
  const std::string whole = read_text(folder / "whole.h5");
  for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 97) {
    write_text(folder / "cut.h5", whole.substr(0, size));
    EXPECT_THAT(problems_of([&] { inspect_features(folder / "cut.h5"); }), ElementsAre(HasSubstr("cut.h5: "))) << size;
  }
  write_text(folder / "text.h5", "PATIENT,FILENAME\n");
  EXPECT_THAT(problems_of([&] { inspect_features(folder / "text.h5"); }),
              ElementsAre(AllOf(HasSubstr("unreadable or truncated"), HasSubstr("H5Fopen at features/hdf5.cpp:"))));
}

TEST(Features, OfOtherProgramsAreReadFromTheDatasetThatHasThem) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"patch_embeddings.h5", "patch_embeddings"}, {"clam.h5", "features"}, {"other.h5", "tokens"}};
  for (const auto& [name, dataset] : cases) {
    EXPECT_EQ(inspect_features(fixture(name)).dataset, dataset);
    EXPECT_THAT(values_of(fixture(name)), ElementsAre(0.5, -1.25, 3, 0x1p-23, 65504, 0)) << name;
  }
  EXPECT_EQ(inspect_features(fixture("half_rounding.h5")).dataset, "feats");  // though `expected` would do too
}

TEST(Features, CompressedByLzfAreRead) {
  const std::vector<double> values = values_of(fixture("lzf.h5"));
  ASSERT_THAT(values, SizeIs(300));
  for (std::size_t i = 0; i < 150; ++i) ASSERT_EQ(values[i], (std::vector{0.5, -1.25, 3.0}[i % 3])) << i;
  for (std::size_t i = 151; i < 300; i += 3) ASSERT_EQ(values[i], 65504) << i;
}

TEST(Features, AFileThatChangedItsShapeIsRefused) {
  std::vector<std::uint16_t> wrong(5);
  EXPECT_THAT(problems_of([&] { read_features(fixture("float64.h5"), wrong); }),
              ElementsAre(HasSubstr("has changed since")));
}

TEST(Features, FailedCallsPrintNothing) {
  ::testing::internal::CaptureStderr();
  problems("none.h5");
  problems("no_feats.h5");
  problems("integers.h5");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), IsEmpty());
}

TEST(Hdf5, AutomaticPrintingStaysOff) {
  EXPECT_THROW(hdf5::open_file("/nonexistent/file.h5"), hdf5::Hdf5Error);
  H5E_auto2_t print = nullptr;
  void* data = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &print, &data);
  EXPECT_EQ(print, nullptr);
}

TEST(Bag, IsTheTilesOfAllFilesInOrder) {
  const TempFolder folder;
  write_features(folder / "a.h5", std::vector<std::uint16_t>{1, 2, 3, 4}, 2, StampLayout::v2, "E");
  write_features(folder / "b.h5", std::vector<std::uint16_t>{5, 6}, 2, StampLayout::v1, "E");
  const Bag bag = read_bag({folder / "b.h5", folder / "a.h5"});
  EXPECT_EQ(bag.tiles, 3);
  EXPECT_EQ(bag.width, 2);
  EXPECT_THAT(bag.values, ElementsAre(5, 6, 1, 2, 3, 4));
  EXPECT_EQ(read_bag({}).tiles, 0);
}

TEST(Bag, FilesOfDifferentWidthAreRefused) {
  const TempFolder folder;
  write_features(folder / "a.h5", std::vector<std::uint16_t>{1, 2, 3, 4}, 2, StampLayout::v2, "E");
  write_features(folder / "b.h5", std::vector<std::uint16_t>{5, 6, 7}, 3, StampLayout::v2, "E");
  EXPECT_THAT(problems_of([&] { read_bag({folder / "a.h5", folder / "b.h5"}); }),
              ElementsAre(HasSubstr("b.h5: 3 features a tile, expected 2")));
}

TEST(FeatureSummary, CountsFilesThatSayNothingAndThoseThatAreRounded) {
  EXPECT_EQ(feature_summary({}), "");
  EXPECT_EQ(feature_summary({{5, 768, "ctranspath", "feats", 2}}),
            "1 feature file: extractor ctranspath (all say so), 768 features a tile, float16");
  EXPECT_EQ(feature_summary({{5, 768, "", "feats", 4}, {5, 768, "", "feats", 4}}),
            "2 feature files: no file says which extractor wrote it, 768 features a tile, float32 rounded to float16");
  EXPECT_EQ(
      feature_summary({{5, 768, "", "feats", 4}, {5, 768, "uni", "feats", 2}, {5, 768, "uni", "feats", 4}}),
      "3 feature files: extractor uni (2 say so, 1 say nothing), 768 features a tile, float16 in 1, float32 rounded to "
      "float16 in 2");
}

}  // namespace
}  // namespace mtlgrid::testing

// Feature files that lack what they declare, point to other files, or claim what no file can hold.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "base/file_descriptor.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/features.h"
#include "datasets/features/hdf5.h"
#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using hdf5::Handle;
using Shape = std::vector<hsize_t>;

// A dataset of float32 as a test wants it.
struct Dataset {
  std::string name = "feats";
  Shape shape{100, 4};
  Shape chunk{};             // empty: contiguous
  Shape most{};              // the largest extent; empty: the shape
  int deflate = -1;          // level
  int deflates = 1;          // how often
  hsize_t rows_written = 0;  // of ones
  std::string external{};    // file
  hid_t type = H5T_IEEE_F32LE;
};

Handle make_dataset(const Handle& root, const Dataset& d) {
  const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const int rank = static_cast<int>(d.shape.size());
  if (!d.chunk.empty()) H5Pset_chunk(properties.get(), rank, d.chunk.data());
  for (int i = 0; d.deflate >= 0 && i < d.deflates; ++i)
    H5Pset_deflate(properties.get(), static_cast<unsigned>(d.deflate));
  if (!d.external.empty()) H5Pset_external(properties.get(), d.external.c_str(), 0, H5F_UNLIMITED);
  const Handle space(H5Screate_simple(rank, d.shape.data(), d.most.empty() ? nullptr : d.most.data()), H5Sclose);
  Handle dataset(
      H5Dcreate2(root.get(), d.name.c_str(), d.type, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
      H5Dclose);
  EXPECT_GE(dataset.get(), 0);
  if (d.rows_written == 0) return dataset;
  const hsize_t start[2] = {0, 0}, size[2] = {d.rows_written, d.shape[1]};
  H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start, nullptr, size, nullptr);
  const Handle memory(H5Screate_simple(2, size, nullptr), H5Sclose);
  const std::vector<float> values(d.rows_written * d.shape[1], 1);
  EXPECT_GE(H5Dwrite(dataset.get(), H5T_NATIVE_FLOAT, memory.get(), space.get(), H5P_DEFAULT, values.data()), 0);
  return dataset;
}

class HostileFeatures : public ::testing::Test {
 protected:
  HostileFeatures() : file(folder / "x.h5") { hdf5::silence(); }
  void make(const Dataset& dataset) {
    fs::remove(file);
    make_dataset(hdf5::create_file(file), dataset);
  }
  // What is wrong when the whole file is read as `plan` reads it; and as a trainer does.
  std::vector<std::string> problems() const {
    return problems_of([&] { DirectReader(FeatureDisk::real()).read(file, true, false); });
  }
  std::vector<std::string> problems_in_training() const {
    return problems_of([&] { read_bag({file}); });
  }
  // Refused by both for the same reason, in one line that names the file.
  void expect_refused(const std::string& reason) const {
    for (const auto& lines : {problems(), problems_in_training()}) {
      EXPECT_THAT(lines, ElementsAre(AllOf(HasSubstr("x.h5: "), HasSubstr(reason), ::testing::Not(HasSubstr("\n")))));
    }
  }
  void expect_good() const {
    EXPECT_THAT(problems(), IsEmpty());
    EXPECT_THAT(problems_in_training(), IsEmpty());
  }
  TempFolder folder;
  fs::path file;
};

TEST_F(HostileFeatures, AnExtractionThatBrokeOffIsCountedInChunks) {
  for (const int deflate : {-1, 4}) {
    make({.shape = {1000, 4}, .chunk = {10, 4}, .deflate = deflate, .rows_written = 10});
    expect_refused("lacks values that it declares, expected all of them (the extraction broke off: 1 of 100 chunks");
    make({.shape = {1000, 4}, .chunk = {10, 4}, .deflate = deflate, .rows_written = 990});
    expect_refused("99 of 100 chunks written");
    make({.shape = {1000, 4}, .chunk = {10, 4}, .deflate = deflate});
    expect_refused("0 of 100 chunks written");
    make({.shape = {1000, 4}, .chunk = {10, 4}, .deflate = deflate, .rows_written = 1000});
    expect_good();
  }
}

TEST_F(HostileFeatures, ChunksOfAnyShapeAreCounted) {
  make({.shape = {95, 7}, .chunk = {10, 3}, .deflate = 4, .rows_written = 95});
  expect_good();
  make({.shape = {95, 7}, .chunk = {10, 3}, .deflate = 4, .rows_written = 90});
  expect_refused("27 of 30 chunks written");
  make({.shape = {5, 7}, .chunk = {10, 7}, .most = {H5S_UNLIMITED, 7}, .rows_written = 5});  // larger than the shape
  expect_good();
}

// Every index that HDF5 has for chunks: of one chunk, implicit, fixed and extensible arrays, trees.
TEST_F(HostileFeatures, ChunksAreCountedInEveryIndex) {
  const std::vector<Dataset> datasets{{.shape = {100, 4}, .chunk = {100, 4}},
                                      {.shape = {100, 4}, .chunk = {10, 4}},
                                      {.shape = {100, 4}, .chunk = {10, 4}, .most = {H5S_UNLIMITED, 4}},
                                      {.shape = {100, 4}, .chunk = {10, 4}, .most = {H5S_UNLIMITED, H5S_UNLIMITED}}};
  for (Dataset dataset : datasets) {
    for (const int deflate : {-1, 4}) {
      for (const hsize_t rows : {0, 10, 100}) {
        fs::remove(file);
        dataset.deflate = deflate;
        dataset.rows_written = rows;
        {
          const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
          H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
          make_dataset({H5Fcreate(file.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.get()), H5Fclose}, dataset);
        }
        const bool whole = rows == 100 || (rows == 10 && dataset.chunk[0] == 100);
        whole ? expect_good() : expect_refused("lacks values that it declares");
      }
    }
  }
}

TEST_F(HostileFeatures, LinksIntoOtherFilesAreNotFollowed) {
  write_features(folder / "other.h5", std::vector<std::uint16_t>(6, 0x3c00), 3, StampLayout::v2, "E");
  {
    const auto root = hdf5::create_file(file);
    H5Lcreate_external("other.h5", "/feats", root.get(), "feats", H5P_DEFAULT, H5P_DEFAULT);
  }
  expect_refused(
      "'feats' is a link into another file, expected the features in the file itself (to /feats of file 'other");
  fs::remove(file);
  {
    const auto root = hdf5::create_file(file);
    const Handle group(H5Gcreate2(root.get(), "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    H5Lcreate_external("other.h5", "/", group.get(), "e", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/g/e/feats", root.get(), "feats", H5P_DEFAULT, H5P_DEFAULT);
  }
  expect_refused("'feats' is a link into another file");
  fs::remove(file);
  {
    const auto root = hdf5::create_file(file);
    H5Lcreate_external("other.h5", "/feats", root.get(), "tokens", H5P_DEFAULT, H5P_DEFAULT);
  }
  expect_refused("'tokens' is a link into another file");
}

TEST_F(HostileFeatures, LinksWithinTheFileAreFollowed) {
  make({.name = "tokens", .rows_written = 100});
  {
    const Handle root(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    H5Lcreate_soft("/tokens", root.get(), "feats", H5P_DEFAULT, H5P_DEFAULT);
  }
  expect_good();
}

TEST_F(HostileFeatures, LinksToNothingAndInCirclesAreRefused) {
  const std::pair<const char*, const char*> targets[] = {{"/nothing", "(to '/nothing')"},
                                                         {"/no/path", "(to '/no/path')"},
                                                         {"/feats", "(to '/feats', in a circle)"},
                                                         {"/features", "(to '/features', in a circle)"}};
  for (const auto& [target, shown] : targets) {
    fs::remove(file);
    {
      const auto root = hdf5::create_file(file);
      H5Lcreate_soft(target, root.get(), "feats", H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_soft("/feats", root.get(), "features", H5P_DEFAULT, H5P_DEFAULT);
    }
    expect_refused(std::string("'feats' is a link to nothing, expected the features in the file itself ") + shown);
  }
}

hid_t no_traversal(const char*, hid_t, const void*, size_t, hid_t, hid_t) { return -1; }

TEST_F(HostileFeatures, LinksOfOtherProgramsKindsAreNamed) {
  const H5L_class_t kind{H5L_LINK_CLASS_T_VERS,
                         static_cast<H5L_type_t>(200),
                         "own",
                         nullptr,
                         nullptr,
                         nullptr,
                         no_traversal,
                         nullptr,
                         nullptr};
  ASSERT_GE(H5Lregister(&kind), 0);
  {
    const auto root = hdf5::create_file(file);
    H5Lcreate_ud(root.get(), "feats", static_cast<H5L_type_t>(200), "x", 1, H5P_DEFAULT, H5P_DEFAULT);
  }
  H5Lunregister(static_cast<H5L_type_t>(200));
  expect_refused("'feats' is a link into another file");
}

TEST_F(HostileFeatures, ExternalStorageIsNotRead) {
  write_text(folder / "raw", std::string(1600, 'x'));
  make({.external = (folder / "raw").string()});
  expect_refused(
      "has its values in another file, expected the features in the file itself (external storage in file '");
}

TEST_F(HostileFeatures, VirtualDatasetsAreNotRead) {
  const fs::path other = folder / "other.h5";
  make_dataset(hdf5::create_file(other), {.rows_written = 100});
  for (const bool unlimited : {false, true}) {
    fs::remove(file);
    {
      const auto root = hdf5::create_file(file);
      const Shape shape{100, 4}, most{unlimited ? H5S_UNLIMITED : 100, 4};
      const Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose),
          space(H5Screate_simple(2, shape.data(), most.data()), H5Sclose);
      H5Pset_virtual(properties.get(), space.get(), other.c_str(), "feats", space.get());
      const Handle feats(
          H5Dcreate2(root.get(), "feats", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
          H5Dclose);
      ASSERT_GE(feats.get(), 0);
    }
    expect_refused("has its values in another file");
    expect_refused("a virtual dataset of file '");
  }
}

TEST_F(HostileFeatures, FilesOfOtherDriversAreRefused) {
  {
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fapl_family(access.get(), 4096, H5P_DEFAULT);
    make_dataset({H5Fcreate((folder / "f%d.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose},
                 {.rows_written = 100});
  }
  fs::rename(folder / "f0.h5", file);
  expect_refused("unreadable or truncated");
}

TEST_F(HostileFeatures, WhatNoFileCanHoldIsRefusedBeforeMemoryIsTaken) {
  make({.shape = {1ull << 40, 4}, .chunk = {1, 4}, .deflate = 4, .rows_written = 1});
  expect_refused("x.h5: dataset 'feats' lacks values");
  make({.shape = {1ull << 40, 4}});
  expect_refused("is too large, expected at most 2^32 tiles");
  make({.shape = {10, 8}, .chunk = {1 << 20, 1000}, .most = {H5S_UNLIMITED, H5S_UNLIMITED}, .deflate = 4});
  expect_refused("0 of 1 chunks written");
  make({.shape = {1 << 30, 100}});
  expect_refused("declares 429496729600 bytes");
}

// 273 MB of ones in 2 MB, and some compressed twice.
TEST_F(HostileFeatures, ZeroesThatExpandAThousandfoldAreRefused) {
  make({.shape = {65, 1 << 20}, .chunk = {1, 1 << 20}, .deflate = 1, .rows_written = 65});
  expect_refused("expands too much");
  make({.shape = {10, 1000}, .chunk = {10, 1000}, .deflate = 9, .deflates = 2, .rows_written = 10});
  expect_refused("is compressed by the same filter twice");
}

TEST_F(HostileFeatures, OtherShapesAndTypesAreNamed) {
  make({.shape = Shape(32, 1)});
  expect_refused("has no rows and columns");
  make({.shape = {0, 8}});
  EXPECT_EQ(inspect_features(file).tiles, 0);  // a slide without tissue
  make({.shape = {8, 0}});
  expect_refused("no features");
  make({.shape = {2, 3, 8}});
  expect_refused("has no rows and columns");
  const Handle compound(H5Tcreate(H5T_COMPOUND, 16), H5Tclose);
  H5Tinsert(compound.get(), "a", 0, H5T_IEEE_F32LE);
  make({.type = compound.get()});
  expect_refused("has no floating-point numbers, expected float16, float32 or float64");
  const Handle wide(H5Tcopy(H5T_IEEE_F64LE), H5Tclose);
  H5Tset_size(wide.get(), 4096);
  make({.shape = {2, 2}, .type = wide.get()});
  expect_refused("has numbers of 4096 bytes");
}

TEST_F(HostileFeatures, AFloodOfNamesIsOneShortLine) {
  {
    const auto root = hdf5::create_file(file);
    for (int i = 0; i < 300; ++i) {
      const Handle group(H5Gcreate2(root.get(), (std::string(500, 'n') + std::to_string(i)).c_str(), H5P_DEFAULT,
                                    H5P_DEFAULT, H5P_DEFAULT),
                         H5Gclose);
    }
  }
  expect_refused("and 290 more");
  EXPECT_LT(problems().at(0).size(), 1500u);
}

TEST_F(HostileFeatures, TextsLongerThanNamesAreRefused) {
  make({.rows_written = 100});
  {
    const Handle root(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    hdf5::write_attribute(root, "extractor", std::string(2'000'000, 'x'));
  }
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("attribute 'extractor' has more than 1000 bytes")));
  EXPECT_THAT(problems_in_training(), IsEmpty());  // the attributes were read when the data were checked
}

TEST_F(HostileFeatures, ManyAttributesAreNoMatter) {
  make({.rows_written = 100});
  {
    const Handle root(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    for (int i = 0; i < 500; ++i) hdf5::write_attribute(root, std::to_string(i).c_str(), std::int64_t{i});
  }
  expect_good();
}

TEST_F(HostileFeatures, OnlyRegularFilesAreOpened) {
  const auto refused = [&](const std::string& reason) {
    expect_refused(reason);
    fs::rename(file, folder / "target");
    fs::create_symlink("target", file);
    expect_refused(reason);
    fs::remove(file);
    fs::remove_all(folder / "target");
  };
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  refused("a pipe, a socket or a device");
  const FileDescriptor bound(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{AF_UNIX, {}};
  std::snprintf(name.sun_path, sizeof name.sun_path, "%s", file.c_str());
  ASSERT_EQ(::bind(bound.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  refused("a pipe, a socket or a device");
  fs::create_directory(file);
  refused("a folder");
  for (const char* device : {"/dev/zero", "/dev/null", "/dev/tty"}) {
    fs::create_symlink(device, file);
    expect_refused("a pipe, a socket or a device");
    fs::remove(file);
  }
}

// Puts a pipe in the file's place once it was looked at.
class SwappingDisk : public FeatureDisk {
 public:
  int stat(const fs::path& file, struct stat& status) override {
    const int number = FeatureDisk::stat(file, status);
    fs::remove(file);
    ::mkfifo(file.c_str(), 0600);
    return number;
  }
};

TEST_F(HostileFeatures, APipeThatTakesTheFilesPlaceIsNotWaitedFor) {
  make({.rows_written = 100});
  SwappingDisk disk;
  EXPECT_THAT(problems_of([&] { DirectReader(disk).read(file, true, false); }), ElementsAre(HasSubstr("a pipe")));
}

}  // namespace
}  // namespace mtlgrid::testing

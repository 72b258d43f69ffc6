#include "datasets/features.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "datasets/extractor_name.h"
#include "datasets/feature_disk.h"
#include "datasets/file_fault.h"
#include "datasets/half.h"
#include "datasets/hdf5.h"
#include "datasets/hdf5_filters.h"

namespace mtlgrid {
namespace {

constexpr const char* kTileFile = "expected an HDF5 file of tile features";

[[noreturn]] void rethrow(const std::filesystem::path& file, const hdf5::Hdf5Error& e) {
  if (e.number() != 0) throw system_error(file, e.number());
  if (e.library_text().find("already open for") != std::string::npos) {  // for write, or for read-write
    throw SystemError(file, "is open for writing in another program, or was not closed by the one that wrote it",
                      "wait for that program; if there is none, h5clear -s FILE repairs the file", ETXTBSY);
  }
  throw FileFault(file, "unreadable or truncated", kTileFile, e.what());
}

// Runs `read` with retries. An error of HDF5 becomes a SystemError if a system call failed; else the file is damaged.
template <typename Read>
auto reading(const std::filesystem::path& file, FeatureDisk& disk, bool patient, Read&& read) {
  return with_retries(disk, patient, [&] {
    try {
      return read();
    } catch (const hdf5::AttributeError& e) {
      throw FileFault(file, e.library_text(), "expected a name, or no such attribute");
    } catch (const hdf5::Hdf5Error& e) {
      rethrow(file, e);
    }
  });
}

// `known`: the file was there before.
hdf5::Handle open_features(const std::filesystem::path& file, FeatureDisk& disk, bool known) {
  struct stat status {};
  const int number = disk.stat(file, status);
  const bool absent = number == ENOENT || number == ENOTDIR;
  if (absent && known) throw system_error(file, ENOENT);
  std::error_code error;
  if ((absent && std::filesystem::is_symlink(file, error)) || number == ELOOP) {
    throw FileFault(file, "a link to no file", kTileFile);
  }
  if (absent) throw FileFault(file, "no such file", kTileFile);
  if (number != 0) throw system_error(file, number);
  if (S_ISDIR(status.st_mode)) throw FileFault(file, "a folder", kTileFile);
  if (!S_ISREG(status.st_mode)) throw FileFault(file, "a pipe, a socket or a device", kTileFile);
  if (status.st_size == 0) throw FileFault(file, "an empty file", kTileFile);
  return hdf5::open_file(file);
}

// Encoders of whole slides and patients write `encoder`, since STAMP 2.3 also `feat_type`; tile files neither or
// "tile".
void check_tile_level(const std::filesystem::path& file, const hdf5::Handle& root) {
  const auto type = hdf5::text_attribute(root, "feat_type");
  if (type && *type != "tile") throw FileFault(file, fmt::format("features of type '{}'", *type), "expected 'tile'");
  if (const auto encoder = hdf5::text_attribute(root, "encoder")) {
    throw FileFault(file, fmt::format("slide- or patient-level features (encoder '{}')", *encoder),
                    "expected features of tiles");
  }
}

struct Feats {
  hdf5::Handle dataset;
  std::string name;
};

// Whether other programs' files may have their features there: two dimensions of floats, and not the coordinates.
bool may_be_features(const hdf5::Handle& root, const std::string& name) {
  if (name == "coords") return false;
  try {
    const auto dataset = hdf5::find_dataset(root, name.c_str());
    return dataset && hdf5::has_float_type(*dataset) && hdf5::shape_of(*dataset).size() == 2;
  } catch (const hdf5::Hdf5Error&) {
    return false;  // a link to another file that is not there
  }
}

// By their usual names, STAMP's first; else the only dataset that may be features.
Feats feats_of(const std::filesystem::path& file, const hdf5::Handle& root) {
  for (const char* name : {"feats", "patch_embeddings", "features"}) {
    if (auto feats = hdf5::find_dataset(root, name)) return {std::move(*feats), name};
  }
  const std::vector<std::string> names = hdf5::names_at_top(root);
  std::vector<std::string> fitting;
  std::copy_if(names.begin(), names.end(), std::back_inserter(fitting),
               [&](const std::string& name) { return may_be_features(root, name); });
  if (fitting.size() == 1) return {hdf5::find_dataset(root, fitting[0].c_str()).value(), fitting[0]};
  throw FileFault(file,
                  fmt::format("no dataset 'feats', 'patch_embeddings' or 'features', and {} of floats in rows and "
                              "columns",
                              fitting.empty() ? "no other one" : "several others"),
                  "expected one of [tiles, features] numbers",
                  names.empty() ? "it has nothing" : fmt::format("it has '{}'", fmt::join(names, "', '")));
}

std::string shape_text(const std::vector<hsize_t>& shape) {
  std::string out;
  for (const auto size : shape) out += (out.empty() ? "" : ", ") + std::to_string(size);
  return "[" + out + "]";
}

// A file can declare any shape: before memory is allocated for it, its bytes must be there.
void check_storage(const std::filesystem::path& file, const std::string& dataset, const std::vector<hsize_t>& shape,
                   const hdf5::Storage& storage) {
  // Far above any slide (a million tiles of 2560 features); keeps the product below from overflowing.
  constexpr hsize_t kMostTiles = 1ull << 32, kMostFeatures = 1ull << 20;
  if (shape[0] > kMostTiles || shape[1] > kMostFeatures) {
    throw FileFault(file, fmt::format("dataset '{}' is too large", dataset),
                    "expected at most 2^32 tiles of 2^20 features", "shape " + shape_text(shape));
  }
  constexpr std::uint64_t kMostCompression = 2000;  // deflate reaches at most 1032 to 1
  const std::uint64_t declared = shape[0] * shape[1] * storage.bytes_per_value;
  if (storage.bytes * (storage.compressed ? kMostCompression : 1) < declared) {
    throw FileFault(
        file, fmt::format("dataset '{}' lacks values that it declares", dataset), "expected all of them",
        fmt::format("declares {} bytes (shape {}) and stores {}", declared, shape_text(shape), storage.bytes));
  }
}

// Another machine, or this one with a plugin, could read the file: the file is not at fault.
void check_filters(const std::filesystem::path& file, const hdf5::Handle& feats) {
  const auto missing = hdf5::missing_filter(feats);
  if (!missing) return;
  throw SystemError(
      file,
      fmt::format("HDF5 filter {} (number {}) is not available here",
                  missing->name.empty() ? "without a name" : "'" + missing->name + "'", missing->id),
      fmt::format("rewrite the files where it is (h5repack -f GZIP=4 IN OUT), or put its plugin into a folder that "
                  "HDF5 searches: {} (HDF5_PLUGIN_PATH)",
                  hdf5::plugin_folders()));
}

FeatureInfo checked_info(const std::filesystem::path& file, const Feats& feats) {
  const auto shape = hdf5::shape_of(feats.dataset);
  const std::string dataset = fmt::format("dataset '{}'", feats.name);
  if (shape.size() != 2) {
    throw FileFault(file, dataset + " has no rows and columns", "expected [tiles, features]",
                    "shape " + shape_text(shape));
  }
  if (!hdf5::has_float_type(feats.dataset)) {
    throw FileFault(file, dataset + " has no floating-point numbers", "expected float16");
  }
  if (shape[0] == 0) throw FileFault(file, fmt::format("no tiles: {} has 0 rows", dataset), "expected at least one");
  if (shape[1] == 0) {
    throw FileFault(file, fmt::format("no features: {} has 0 columns", dataset), "expected at least one");
  }
  check_filters(file, feats.dataset);
  const hdf5::Storage storage = hdf5::storage_of(feats.dataset);
  check_storage(file, feats.name, shape, storage);
  return {static_cast<std::int64_t>(shape[0]), static_cast<std::int64_t>(shape[1]), "", feats.name,
          static_cast<std::size_t>(storage.bytes_per_value)};
}

// An open tile file whose header has been checked.
struct OpenFeatures {
  hdf5::Handle root, feats;
  FeatureInfo info;
};

// TRIDENT names the extractor at the dataset, STAMP at the file.
void name_extractor(const hdf5::Handle& root, const hdf5::Handle& dataset, FeatureInfo& info) {
  info.extractor = hdf5::text_attribute(root, "extractor").value_or("");
  if (!info.extractor.empty()) return;
  try {
    info.extractor = hdf5::text_attribute(dataset, "encoder").value_or("");
  } catch (const hdf5::AttributeError&) {  // of another program, meaning something else
  }
  info.by_encoder = !info.extractor.empty();
}

std::string tile_size(const hdf5::Handle& root) {
  const auto um = hdf5::number_attribute(root, "tile_size_um"), px = hdf5::number_attribute(root, "tile_size_px");
  if (um && px) return fmt::format("{:g} um in {:g} px", *um, *px);
  if (um) return fmt::format("{:g} um", *um);
  return px ? fmt::format("{:g} px", *px) : "";
}

OpenFeatures open_checked(const std::filesystem::path& file, FeatureDisk& disk, bool known) {
  auto root = open_features(file, disk, known);
  check_tile_level(file, root);
  auto feats = feats_of(file, root);
  FeatureInfo info = checked_info(file, feats);
  name_extractor(root, feats.dataset, info);
  return {std::move(root), std::move(feats.dataset), std::move(info)};
}

// Rows read at a time: whole chunks, or as many rows as fit in a core's cache.
std::int64_t rows_at_a_time(const OpenFeatures& features, std::size_t bytes_per_value) {
  constexpr std::size_t kBlockBytes = std::size_t{1} << 18;
  const auto row_bytes = static_cast<std::size_t>(features.info.width) * bytes_per_value;
  const std::size_t chunk = hdf5::rows_of_chunk(features.feats), chunks = kBlockBytes / row_bytes / chunk;
  return std::min(features.info.tiles, static_cast<std::int64_t>(std::max<std::size_t>(1, chunks) * chunk));
}

// Float types other than float16, read as `memory_type`, which must hold them exactly: HDF5's own rounding to float16
// is wrong (half.h).
template <typename Float>
void read_rounded(const OpenFeatures& features, hid_t memory_type, std::span<std::uint16_t> out) {
  const std::int64_t tiles = features.info.tiles, width = features.info.width;
  const std::int64_t block = rows_at_a_time(features, sizeof(Float));
  std::vector<Float> values(static_cast<std::size_t>(block * width));
  for (std::int64_t row = 0; row < tiles; row += block) {
    const auto rows = static_cast<hsize_t>(std::min(block, tiles - row));
    const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(width);
    hdf5::read_rows(features.feats, static_cast<hsize_t>(row), rows, static_cast<hsize_t>(width), memory_type,
                    values.data());
    round_to_half(std::span<const Float>(values).first(count),
                  out.subspan(static_cast<std::size_t>(row * width), count));
  }
}

void read_open(const OpenFeatures& features, std::span<std::uint16_t> out) {
  const auto half = hdf5::float16_type();
  if (hdf5::is_stored_as(features.feats, half.get())) {
    hdf5::read_all(features.feats, half.get(), out.data());
  } else if (hdf5::is_stored_as(features.feats, H5T_NATIVE_FLOAT)) {
    read_rounded<float>(features, H5T_NATIVE_FLOAT, out);
  } else {
    read_rounded<double>(features, H5T_NATIVE_DOUBLE, out);
  }
}

// What a bag's files have on the disk: of contiguous float16, a little more than in memory.
std::size_t values_on_disk(const std::vector<std::filesystem::path>& files, FeatureDisk& disk) {
  constexpr std::uint64_t kMost = 1ull << 32;  // bytes: a sparse file may claim any size
  std::uint64_t bytes = 0;
  for (const auto& file : files) {
    struct stat status {};
    if (disk.stat(file, status) == 0) bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return static_cast<std::size_t>(std::min(bytes, kMost)) / sizeof(std::uint16_t);
}

// Appends the file's tiles to the bag.
void append(Bag& bag, const std::filesystem::path& file, const std::filesystem::path& first, FeatureDisk& disk) {
  const OpenFeatures features = open_checked(file, disk, true);
  const FeatureInfo& info = features.info;
  if (bag.tiles > 0 && info.width != bag.width) {
    throw FileFault(file, fmt::format("{} features a tile", info.width),
                    fmt::format("expected {} as in {}", bag.width, first.string()));
  }
  const auto begin = static_cast<std::size_t>(bag.tiles * info.width);  // of a try that failed, nothing is kept
  const auto size = static_cast<std::size_t>(info.tiles * info.width);
  bag.values.resize(begin + size);
  read_open(features, std::span(bag.values).subspan(begin, size));
  bag.width = info.width;
  bag.tiles += info.tiles;
}

}  // namespace

std::string extractor_of(const FeatureInfo& info) {
  return info.by_encoder ? canonical_encoder(info.extractor) : canonical_extractor(info.extractor);
}

FeatureInfo inspect_features(const std::filesystem::path& file) {
  return inspect_features(file, FeatureDisk::real(), true);
}

FeatureInfo inspect_features(const std::filesystem::path& file, FeatureDisk& disk, bool patient) {
  return reading(file, disk, patient, [&] {
    OpenFeatures features = open_checked(file, disk, false);
    features.info.tile_size = tile_size(features.root);
    return std::move(features.info);
  });
}

void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out) {
  read_features(file, out, FeatureDisk::real(), true);
}

void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out, FeatureDisk& disk, bool patient) {
  reading(file, disk, patient, [&] {
    const OpenFeatures features = open_checked(file, disk, false);
    const FeatureInfo& info = features.info;
    if (static_cast<std::uint64_t>(info.tiles) * static_cast<std::uint64_t>(info.width) != out.size()) {
      throw FileFault(file, "has changed since its header was read", "expected the same number of values",
                      fmt::format("{} tiles of {} features, not {} values", info.tiles, info.width, out.size()));
    }
    read_open(features, out);
  });
}

Bag read_bag(const std::vector<std::filesystem::path>& files) { return read_bag(files, FeatureDisk::real()); }

// Each file is opened once (for small bags that costs more than reading), and closed before the next: patients have
// more slides than a process may open files.
Bag read_bag(const std::vector<std::filesystem::path>& files, FeatureDisk& disk) {
  Bag bag;
  if (files.size() > 1) bag.values.reserve(values_on_disk(files, disk));
  for (const auto& file : files) {
    reading(file, disk, true, [&] { append(bag, file, files.front(), disk); });
  }
  return bag;
}

}  // namespace mtlgrid

#include "datasets/features.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/errors.h"
#include "datasets/half.h"
#include "datasets/hdf5.h"

namespace mtlgrid {
namespace {

[[noreturn]] void reject(const std::filesystem::path& file, const std::string& what) {
  throw InputError(file.string() + ": " + what);
}

// Runs `read`; an error of HDF5 means that the file is damaged, so it becomes an InputError.
template <typename Read>
auto naming(const std::filesystem::path& file, Read&& read) {
  try {
    return read();
  } catch (const hdf5::Hdf5Error& e) {
    reject(file, fmt::format("unreadable or truncated, expected an HDF5 file of tile features; {}", e.what()));
  }
}

hdf5::Handle open_features(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) reject(file, "no such file, expected an HDF5 file of tile features");
  if (std::filesystem::is_directory(file, error)) reject(file, "a folder, expected an HDF5 file of tile features");
  if (std::filesystem::file_size(file, error) == 0) reject(file, "an empty file, expected an HDF5 file");
  return hdf5::open_file(file);
}

// Encoders of whole slides and patients write `encoder`, since STAMP 2.3 also `feat_type`; tile files neither or
// "tile".
void check_tile_level(const std::filesystem::path& file, const hdf5::Handle& root) {
  const auto type = hdf5::text_attribute(root, "feat_type");
  if (type && *type != "tile") reject(file, fmt::format("features of type '{}', expected 'tile'", *type));
  if (const auto encoder = hdf5::text_attribute(root, "encoder")) {
    reject(file, fmt::format("slide- or patient-level features (encoder '{}'), expected features of tiles", *encoder));
  }
}

hdf5::Handle feats_of(const std::filesystem::path& file, const hdf5::Handle& root) {
  auto feats = hdf5::find_dataset(root, "feats");
  if (!feats) reject(file, "no dataset 'feats', expected one of [tiles, features] numbers");
  return std::move(*feats);
}

std::string shape_text(const std::vector<hsize_t>& shape) {
  std::string out;
  for (const auto size : shape) out += (out.empty() ? "" : ", ") + std::to_string(size);
  return "[" + out + "]";
}

// A file can declare any shape: before memory is allocated for it, its bytes must be there.
void check_storage(const std::filesystem::path& file, const std::vector<hsize_t>& shape, const hdf5::Storage& storage) {
  // Far above any slide (a million tiles of 2560 features); keeps the product below from overflowing.
  constexpr hsize_t kMostTiles = 1ull << 32, kMostFeatures = 1ull << 20;
  if (shape[0] > kMostTiles || shape[1] > kMostFeatures) {
    reject(file, fmt::format("dataset 'feats' has shape {}, expected at most 2^32 tiles of 2^20 features",
                             shape_text(shape)));
  }
  constexpr std::uint64_t kMostCompression = 2000;  // deflate reaches at most 1032 to 1
  const std::uint64_t declared = shape[0] * shape[1] * storage.bytes_per_value;
  if (storage.bytes * (storage.compressed ? kMostCompression : 1) < declared) {
    reject(file, fmt::format("dataset 'feats' declares {} bytes (shape {}) and stores {}, expected all of them",
                             declared, shape_text(shape), storage.bytes));
  }
}

FeatureInfo checked_info(const std::filesystem::path& file, const hdf5::Handle& feats) {
  const auto shape = hdf5::shape_of(feats);
  if (shape.size() != 2) {
    reject(file, fmt::format("dataset 'feats' has shape {}, expected [tiles, features]", shape_text(shape)));
  }
  if (!hdf5::has_float_type(feats)) reject(file, "dataset 'feats' has no floating-point numbers, expected float16");
  if (shape[0] == 0) reject(file, "no tiles: dataset 'feats' has 0 rows, expected at least one");
  if (shape[1] == 0) reject(file, "no features: dataset 'feats' has 0 columns, expected at least one");
  const hdf5::Storage storage = hdf5::storage_of(feats);
  check_storage(file, shape, storage);
  return {static_cast<std::int64_t>(shape[0]), static_cast<std::int64_t>(shape[1]), "",
          static_cast<std::size_t>(storage.bytes_per_value)};
}

// An open tile file whose header has been checked.
struct OpenFeatures {
  hdf5::Handle root, feats;
  FeatureInfo info;
};

OpenFeatures open_checked(const std::filesystem::path& file) {
  auto root = open_features(file);
  check_tile_level(file, root);
  auto feats = feats_of(file, root);
  FeatureInfo info = checked_info(file, feats);
  info.extractor = hdf5::text_attribute(root, "extractor").value_or("");
  return {std::move(root), std::move(feats), std::move(info)};
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

// "" or "-" and 8 hex digits.
bool is_code_hash_or_empty(std::string_view text) {
  return text.empty() ||
         (text.size() == 9 && text[0] == '-' && text.find_first_not_of("0123456789abcdef", 1) == text.npos);
}

}  // namespace

FeatureInfo inspect_features(const std::filesystem::path& file) {
  return naming(file, [&] { return open_checked(file).info; });
}

void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out) {
  naming(file, [&] {
    const OpenFeatures features = open_checked(file);
    const FeatureInfo& info = features.info;
    if (static_cast<std::uint64_t>(info.tiles) * static_cast<std::uint64_t>(info.width) != out.size()) {
      reject(file,
             fmt::format("{} tiles of {} features, expected {} values: has the file changed since its header was read?",
                         info.tiles, info.width, out.size()));
    }
    read_open(features, out);
  });
}

std::string canonical_extractor(const std::string& extractor) {
  // STAMP 1.x: "STAMP-extract-<version>_<date>_<id>"; 2.0 and 2.1: "<id>-<first 8 hex digits of the code's hash>";
  // 2.2 and later: "<id>", where CTransPath's id no longer has its author and the hash of its weights.
  constexpr std::string_view kVersion1 = "STAMP-extract-", kCTransPath = "xiyuewang-ctranspath-7c998680";
  std::string_view name = extractor;
  if (name.starts_with(kVersion1)) {
    const auto date = name.find('_');
    const auto id = date == name.npos ? name.npos : name.find('_', date + 1);
    if (id != name.npos) name.remove_prefix(id + 1);
  }
  if (name.starts_with(kCTransPath) && is_code_hash_or_empty(name.substr(kCTransPath.size()))) return "ctranspath";
  return std::string(name);
}

Bag read_bag(const std::vector<std::filesystem::path>& files) {
  Bag bag;
  std::vector<OpenFeatures> opened;  // once: for small bags opening costs more than reading
  for (const auto& file : files) {
    opened.push_back(naming(file, [&] { return open_checked(file); }));
    const FeatureInfo &info = opened.back().info, &first = opened.front().info;
    if (info.width != first.width) {
      reject(file,
             fmt::format("{} features a tile, expected {} as in {}", info.width, first.width, files.front().string()));
    }
    bag.tiles += info.tiles;
  }
  if (opened.empty()) return bag;
  bag.width = opened.front().info.width;
  bag.values.resize(static_cast<std::size_t>(bag.tiles * bag.width));
  std::span<std::uint16_t> rest(bag.values);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto size = static_cast<std::size_t>(opened[i].info.tiles * bag.width);
    naming(files[i], [&] { read_open(opened[i], rest.first(size)); });
    rest = rest.subspan(size);
  }
  return bag;
}

Bag read_patient_bag(const std::string& cohort, const std::string& patient,
                     const std::vector<std::filesystem::path>& files, std::int64_t width) {
  Bag bag = read_bag(files);
  if (bag.width != width) {
    throw InputError(
        fmt::format("patient {} of cohort {}: {} features a tile, expected {}", patient, cohort, bag.width, width));
  }
  return bag;
}

}  // namespace mtlgrid

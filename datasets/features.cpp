#include "datasets/features.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "datasets/errors.h"
#include "datasets/half.h"
#include "datasets/hdf5.h"

namespace mtlgrid {
namespace {

[[noreturn]] void reject(const std::filesystem::path& file, const std::string& what) {
  throw InputError(file.string() + ": " + what);
}

// Runs `read`; what HDF5 says is wrong is the file's fault, hence bad input.
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

// A shape costs nothing to declare: believing it before the bytes are there could ask for any amount of memory.
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
  if (!hdf5::has_float_type(feats)) reject(file, "dataset 'feats' holds no floating-point numbers, expected float16");
  if (shape[0] == 0) reject(file, "no tiles: dataset 'feats' has 0 rows, expected at least one");
  if (shape[1] == 0) reject(file, "no features: dataset 'feats' has 0 columns, expected at least one");
  check_storage(file, shape, hdf5::storage_of(feats));
  return {static_cast<std::int64_t>(shape[0]), static_cast<std::int64_t>(shape[1]), ""};
}

FeatureInfo inspect_open(const std::filesystem::path& file, const hdf5::Handle& root) {
  check_tile_level(file, root);
  FeatureInfo info = checked_info(file, feats_of(file, root));
  info.extractor = hdf5::text_attribute(root, "extractor").value_or("");
  return info;
}

// Features in another float type, through double (which holds any of them exactly), a block of rows at a time.
void read_rounded(const hdf5::Handle& feats, const FeatureInfo& info, std::span<std::uint16_t> out) {
  const std::int64_t block = std::max<std::int64_t>(1, (1 << 20) / info.width);  // 8 MB of doubles
  std::vector<double> values;
  for (std::int64_t row = 0; row < info.tiles; row += block) {
    const std::int64_t rows = std::min(block, info.tiles - row);
    values.resize(static_cast<std::size_t>(rows * info.width));
    hdf5::read_rows(feats, static_cast<hsize_t>(row), static_cast<hsize_t>(rows), static_cast<hsize_t>(info.width),
                    values.data());
    std::transform(values.begin(), values.end(), out.begin() + row * info.width, to_half);
  }
}

// "" or "-" and 8 hex digits.
bool is_code_hash_or_empty(std::string_view text) {
  return text.empty() ||
         (text.size() == 9 && text[0] == '-' && text.find_first_not_of("0123456789abcdef", 1) == text.npos);
}

}  // namespace

FeatureInfo inspect_features(const std::filesystem::path& file) {
  return naming(file, [&] { return inspect_open(file, open_features(file)); });
}

void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out) {
  naming(file, [&] {
    const auto root = open_features(file);
    const auto feats = feats_of(file, root);
    const FeatureInfo info = checked_info(file, feats);
    if (static_cast<std::uint64_t>(info.tiles) * static_cast<std::uint64_t>(info.width) != out.size()) {
      reject(file, fmt::format("{} tiles of {} features, expected {} values: changed since it was looked at?",
                               info.tiles, info.width, out.size()));
    }
    const auto half = hdf5::float16_type();
    if (hdf5::is_stored_as(feats, half)) {
      hdf5::read_all(feats, half.get(), out.data());
    } else {
      read_rounded(feats, info, out);
    }
  });
}

std::string canonical_extractor(const std::string& extractor) {
  // STAMP 1.x: "STAMP-extract-<version>_<date>_<id>"; 2.0 and 2.1: "<id>-<first 8 hex digits of the code's hash>";
  // 2.2 and later: "<id>", where CTransPath's id lost its author and the hash of its weights.
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
  std::vector<FeatureInfo> infos;
  for (const auto& file : files) {
    infos.push_back(inspect_features(file));
    if (infos.back().width != infos.front().width) {
      reject(file, fmt::format("{} features a tile, expected {} as in {}", infos.back().width, infos.front().width,
                               files.front().string()));
    }
    bag.tiles += infos.back().tiles;
  }
  if (infos.empty()) return bag;
  bag.width = infos.front().width;
  bag.values.resize(static_cast<std::size_t>(bag.tiles * bag.width));
  std::span<std::uint16_t> rest(bag.values);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto size = static_cast<std::size_t>(infos[i].tiles * infos[i].width);
    read_features(files[i], rest.first(size));
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

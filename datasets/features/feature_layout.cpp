#include "datasets/features/feature_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/system_error.h"
#include "base/text.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/hdf5_filters.h"
#include "datasets/features/hdf5_geometry.h"
#include "datasets/features/hdf5_storage.h"

namespace mtlgrid {
namespace {

constexpr const char* kInTheFile = "expected the features in the file itself";
constexpr const char* kFloats = "expected float16, float32 or float64";
constexpr std::size_t kMostNames = 10'000;  // at the top of a file; STAMP and TRIDENT write two to four
constexpr std::size_t kLongestName = 200;

std::optional<hdf5::Handle> find(const FeatureRoot& root, const std::string& name) {
  try {
    return hdf5::find_dataset(root.root, name.c_str());
  } catch (const hdf5::ForeignLink& e) {
    throw FileFault(root.file, fmt::format("'{}' is a link into another file", cut_to(printable(name), kShownName)),
                    kInTheFile, cut_to(printable(e.library_text()), 2 * kShownName));
  }
}

// A dataset by the name that features usually have.
std::optional<hdf5::Handle> find_usual(const FeatureRoot& root, const char* name) {
  try {
    return find(root, name);
  } catch (const hdf5::DeadLink& e) {
    throw FileFault(root.file, fmt::format("'{}' is a link to nothing", name), kInTheFile,
                    cut_to(printable(e.library_text()), 2 * kShownName));
  }
}

void refuse_other_file(const FeatureRoot& root, const Feats& feats) {
  const auto other = hdf5::other_file_of(feats.dataset);
  if (!other) return;
  throw FileFault(root.file, fmt::format("dataset '{}' has its values in another file", printable(feats.name)),
                  kInTheFile, cut_to(printable(*other), 2 * kShownName));
}

// Whether other programs' files may have their features there: two dimensions of floats, and not the coordinates.
bool may_be_features(const FeatureRoot& root, const std::string& name) {
  if (name == "coords" || name.size() > kLongestName) return false;
  try {
    const auto dataset = find(root, name);
    if (!dataset || !hdf5::has_float_type(*dataset)) return false;
    return hdf5::other_file_of(*dataset) || hdf5::shape_of(*dataset).size() == 2;
  } catch (const hdf5::Hdf5Error&) {
    return false;  // a link to nothing
  }
}

std::string shape_text(const std::vector<hsize_t>& shape) {
  std::string out;
  for (const auto size : shape) out += (out.empty() ? "" : ", ") + std::to_string(size);
  return "[" + out + "]";
}

// The shape of features as rows and columns.
struct Extent {
  hsize_t rows = 0, columns = 0;
};

Extent extent_of(const std::vector<hsize_t>& shape) {
  if (shape.size() == 1) return {shape[0] == 0 ? hsize_t{0} : hsize_t{1}, shape[0]};
  return {shape[shape.size() - 2], shape.back()};
}

// The shape and the type that features have.
std::vector<hsize_t> checked_shape(const FeatureRoot& root, const Feats& feats) {
  const auto shape = hdf5::shape_of(feats.dataset);
  const std::string dataset = fmt::format("dataset '{}'", printable(feats.name));
  if (shape.empty() || shape.size() > 3 || (shape.size() == 3 && shape[0] != 1)) {
    throw FileFault(root.file, dataset + " has no rows and columns",
                    "expected [tiles, features], [1, tiles, features] or [features]", "shape " + shape_text(shape));
  }
  if (!hdf5::has_float_type(feats.dataset)) {
    throw FileFault(root.file, dataset + " has no floating-point numbers", kFloats);
  }
  const Extent extent = extent_of(shape);
  if (extent.rows > 0 && extent.columns == 0) {
    throw FileFault(root.file, fmt::format("no features: {} has 0 columns", dataset), "expected at least one");
  }
  return shape;
}

// Another machine, or this one with a plugin, could read the file: the file is not at fault.
void check_filters(const FeatureRoot& root, const Feats& feats, const hdf5::Storage& storage) {
  std::vector<int> filters = storage.filters;
  std::sort(filters.begin(), filters.end());
  if (std::adjacent_find(filters.begin(), filters.end()) != filters.end()) {  // each may expand a thousandfold
    throw FileFault(root.file,
                    fmt::format("dataset '{}' is compressed by the same filter twice", printable(feats.name)),
                    "expected one at most");
  }
  const auto missing = hdf5::missing_filter(feats.dataset);
  if (!missing) return;
  throw SystemError(
      root.file,
      fmt::format("HDF5 filter {} (number {}) is not available here",
                  missing->name.empty() ? "without a name" : "'" + missing->name + "'", missing->id),
      fmt::format("rewrite the files where it is (h5repack -f GZIP=4 IN OUT), or put its plugin into a folder that "
                  "HDF5 searches: {} (HDF5_PLUGIN_PATH)",
                  hdf5::plugin_folders()));
}

// Bytes that the stored pieces have when they are decompressed; chunks at the edges are stored whole.
std::uint64_t declared_bytes(const std::vector<hsize_t>& shape, const hdf5::Storage& storage) {
  const Extent extent = extent_of(shape);
  if (storage.chunk.empty()) return extent.rows * extent.columns * storage.bytes_per_value;
  const auto along = [&](std::size_t i) { return (shape[i] - 1) / std::max<hsize_t>(1, storage.chunk[i]) + 1; };
  constexpr std::uint64_t kLargestChunk = 1ull << 32, kMostChunks = 1ull << 31;  // HDF5's limit; no overflow below
  if (storage.chunk_bytes > kLargestChunk) return std::numeric_limits<std::uint64_t>::max();
  std::uint64_t chunks = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) chunks = std::min<std::uint64_t>(chunks * along(i), kMostChunks);
  return chunks * storage.chunk_bytes;
}

// A file can declare any shape, chunk and filter: before memory is allocated for them, their bytes must be there.
void check_claims(const FeatureRoot& root, const Feats& feats, const std::vector<hsize_t>& shape,
                  const hdf5::Storage& storage) {
  const std::string dataset = fmt::format("dataset '{}'", printable(feats.name)), text = "shape " + shape_text(shape);
  // Far above any slide (a million tiles of 2560 features); keeps products below from overflowing.
  constexpr hsize_t kMostTiles = 1ull << 32, kMostFeatures = 1ull << 20;
  constexpr std::uint64_t kWidest = 16;  // bytes of a long double
  const Extent extent = extent_of(shape);
  if (extent.rows > kMostTiles || extent.columns > kMostFeatures) {
    throw FileFault(root.file, dataset + " is too large", "expected at most 2^32 tiles of 2^20 features", text);
  }
  if (storage.bytes_per_value == 0 || storage.bytes_per_value > kWidest) {
    throw FileFault(root.file, fmt::format("{} has numbers of {} bytes", dataset, storage.bytes_per_value), kFloats);
  }
  if (storage.bytes > root.bytes) {
    throw FileFault(root.file, dataset + " claims more bytes than the file has", kFeatureFile,
                    fmt::format("{} bytes of a file of {}", storage.bytes, root.bytes));
  }
  const std::uint64_t declared = declared_bytes(shape, storage);
  // Deflate reaches at most 1032 to 1, and that for zeros. Real features hardly shrink to a half.
  constexpr std::uint64_t kMostCompression = 2000, kCompressionOfLarge = 64, kLarge = 1ull << 28;
  const bool compressed = !storage.filters.empty();
  if (storage.bytes * (compressed ? kMostCompression : 1) < declared) {
    throw FileFault(root.file, dataset + " lacks values that it declares", "expected all of them",
                    fmt::format("declares {} bytes ({}) and stores {}", declared, text, storage.bytes));
  }
  if (declared > kLarge && storage.bytes * kCompressionOfLarge < declared) {
    throw FileFault(root.file, dataset + " expands too much", "expected numbers that shrink to a 64th at most",
                    fmt::format("declares {} bytes ({}) and stores {}", declared, text, storage.bytes));
  }
}

// HDF5 reads zeros in place of chunks that were never written.
void check_chunks(const FeatureRoot& root, const Feats& feats, const std::vector<hsize_t>& shape,
                  const hdf5::Storage& storage) {
  if (storage.chunk.empty()) return;
  if (storage.chunk.size() != shape.size()) {
    throw FileFault(root.file, fmt::format("dataset '{}' has chunks of another shape", printable(feats.name)),
                    kFeatureFile);
  }
  // Where nothing is compressed and enough is stored, reading finds whatever chunk is absent or of another size.
  const bool found_by_reading = root.values && hdf5::in_small_plain_chunks(storage, extent_of(shape).columns);
  if (found_by_reading && storage.bytes >= declared_bytes(shape, storage)) return;
  const auto count = hdf5::count_chunks(feats.dataset, shape, storage.chunk, root.bytes, root.step);
  if (count.written == count.needed) return;
  throw FileFault(root.file, fmt::format("dataset '{}' lacks values that it declares", printable(feats.name)),
                  "expected all of them",
                  fmt::format("the extraction broke off: {} of {} chunks written", count.written, count.needed));
}

// Rows of `coords`; 0 if there is none, or it has another shape.
hsize_t coordinates(const FeatureRoot& root) {
  const auto coords = coords_of(root);
  const auto shape = coords ? hdf5::shape_of(*coords) : std::vector<hsize_t>{};
  return shape.size() == 2 ? shape[0] : 0;
}

// As FeatureInfo::coordinates: rows of two numbers, or up to four (a size, a level beside them).
std::int64_t coordinate_rows(const FeatureRoot& root) {
  constexpr hsize_t kFewest = 2, kMost = 4, kMostRows = hsize_t{1} << 52;
  const auto coords = coords_of(root);
  const auto shape = coords ? hdf5::shape_of(*coords) : std::vector<hsize_t>{};
  if (shape.size() != 2 || shape[1] < kFewest || shape[1] > kMost || shape[0] > kMostRows) return -1;
  return static_cast<std::int64_t>(shape[0]);
}

// Whether these are all the names of a file of coordinates; CLAM may have the pixels of the tiles beside them.
bool coordinates_alone(const std::vector<std::string>& names) {
  const auto known = [](const std::string& name) { return name == "coords" || name == "imgs"; };
  return std::find(names.begin(), names.end(), "coords") != names.end() &&
         std::all_of(names.begin(), names.end(), known);
}

}  // namespace

std::optional<hdf5::Handle> coords_of(const FeatureRoot& root) {
  try {
    return hdf5::find_dataset(root.root, "coords");
  } catch (const hdf5::Hdf5Error&) {  // a link to nothing or into another file: it says nothing of the features
    return std::nullopt;
  }
}

// Encoders of whole slides and patients write `encoder`, since STAMP 2.3 also `feat_type`; tile files neither or
// "tile".
FeatureLevel said_level(const FeatureRoot& root) {
  const auto type = hdf5::text_attribute(root.root, "feat_type");
  if (type == "tile") return FeatureLevel::tile;
  if (type == "slide") return FeatureLevel::slide;
  if (type == "patient") return FeatureLevel::patient;
  if (type && *type != "None") {
    throw FileFault(root.file, fmt::format("features of type '{}'", cut_to(printable(*type), kShownName)),
                    "expected 'tile', 'slide' or 'patient'");
  }
  return hdf5::text_attribute(root.root, "encoder") ? FeatureLevel::embedding : FeatureLevel::row;
}

// By their usual names, STAMP's first; else the only dataset that may be features.
Feats feats_of(const FeatureRoot& root) {
  for (const char* name : {"feats", "patch_embeddings", "features"}) {
    if (auto feats = find_usual(root, name)) return {std::move(*feats), name};
  }
  const std::vector<std::string> names = hdf5::names_at_top(root.root, kMostNames);
  if (names.size() > kMostNames) {
    throw FileFault(root.file, fmt::format("has more than {} entries", kMostNames), kFeatureFile);
  }
  std::vector<std::string> fitting;
  std::copy_if(names.begin(), names.end(), std::back_inserter(fitting),
               [&](const std::string& name) { return may_be_features(root, name); });
  if (fitting.size() == 1) return {find(root, fitting[0]).value(), fitting[0]};
  throw FileFault(root.file,
                  fmt::format("no dataset 'feats', 'patch_embeddings' or 'features', and {} of floats in rows and "
                              "columns",
                              fitting.empty() ? "no other one" : "several others"),
                  coordinates_alone(names) ? kBesideCoordinates : "expected one of [tiles, features] numbers",
                  what_it_has(names));
}

FeatureInfo checked_info(const FeatureRoot& root, const Feats& feats) {
  refuse_other_file(root, feats);
  const auto shape = checked_shape(root, feats);
  const hdf5::Storage storage = hdf5::storage_of(feats.dataset);
  const Extent extent = extent_of(shape);
  const FeatureInfo info{static_cast<std::int64_t>(extent.rows), static_cast<std::int64_t>(extent.columns), "",
                         feats.name, static_cast<std::size_t>(storage.bytes_per_value)};
  if (extent.rows == 0) return info;
  check_filters(root, feats, storage);
  check_chunks(root, feats, shape, storage);
  check_claims(root, feats, shape, storage);
  return info;
}

void set_level(const FeatureRoot& root, const Feats& feats, FeatureLevel said, FeatureInfo& info) {
  const bool vector = hdf5::shape_of(feats.dataset).size() == 1;
  info.coordinates = coordinate_rows(root);
  if (said != FeatureLevel::row) {
    if (said != FeatureLevel::tile && info.tiles > 1) {
      throw FileFault(root.file, "an embedding of a slide or patient with several rows", "expected one",
                      fmt::format("{} rows", info.tiles));
    }
    info.level = said;
  } else if (vector || (info.tiles == 1 && coordinates(root) > 1)) {
    info.level = FeatureLevel::embedding;
  } else {
    info.level = info.tiles == 1 ? FeatureLevel::row : FeatureLevel::tile;
  }
}

void add_names(const FeatureRoot& root, const Feats& feats, FeatureInfo& info) {
  const auto name = [](const hdf5::Handle& object, const char* attribute) {
    const std::string text = hdf5::text_attribute(object, attribute).value_or("");
    return text == "None" ? "" : text;  // what TRIDENT writes of an encoder without a name
  };
  // STAMP names the extractor of tiles at the file, as `extractor`, and the encoder of slides and patients, as
  // `encoder`. TRIDENT names it at the dataset.
  info.extractor = name(root.root, "extractor");
  if (info.extractor.empty() && info.level != FeatureLevel::tile && info.level != FeatureLevel::row) {
    info.extractor = name(root.root, "encoder");
  }
  info.extraction = name(root.root, kExtractionAttribute);
  info.slide = name(root.root, kSlideAttribute);
  info.geometry = geometry_of(root.root, coords_of(root), info.extractor);
  if (!info.extractor.empty()) return;
  try {
    info.extractor = name(feats.dataset, "encoder");
  } catch (const hdf5::AttributeError&) {  // of another program, meaning something else
  }
  info.by_encoder = !info.extractor.empty();
}

}  // namespace mtlgrid

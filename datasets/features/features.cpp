#include "datasets/features/features.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <new>
#include <utility>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "datasets/features/extractor_name.h"
#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_layout.h"
#include "datasets/features/file_fault.h"
#include "datasets/features/half.h"
#include "datasets/features/hdf5.h"
#include "datasets/features/hdf5_storage.h"

namespace mtlgrid {
namespace {

constexpr const char* kNoFile = "a pipe, a socket or a device";

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

struct OpenFile {
  hdf5::Handle root;
  std::uint64_t bytes;  // on the disk
};

// Opens what was looked at: a pipe that takes the file's name meanwhile is not waited for.
OpenFile open_regular(const std::filesystem::path& file) {
  const FileDescriptor looked(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!looked && errno == ENXIO) throw FileFault(file, kNoFile, kTileFile);  // a socket, a device without its driver
  if (!looked || ::fstat(looked.get(), &status) != 0) throw system_error(file, errno);
  if (S_ISDIR(status.st_mode)) throw FileFault(file, "a folder", kTileFile);
  if (!S_ISREG(status.st_mode)) throw FileFault(file, kNoFile, kTileFile);
  if (status.st_size == 0) throw FileFault(file, "an empty file", kTileFile);
  return {hdf5::open_file(fmt::format("/proc/self/fd/{}", looked.get())), static_cast<std::uint64_t>(status.st_size)};
}

// `known`: the file was there before.
OpenFile open_features(const std::filesystem::path& file, FeatureDisk& disk, bool known) {
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
  // Before it is opened: opening a device may do something, a tape's rewinds it.
  if (S_ISDIR(status.st_mode)) throw FileFault(file, "a folder", kTileFile);
  if (!S_ISREG(status.st_mode)) throw FileFault(file, kNoFile, kTileFile);
  return open_regular(file);
}

// An open tile file whose header has been checked.
struct OpenFeatures {
  hdf5::Handle root, feats;
  FeatureInfo info;
};

// `known`: the data were checked, and the file was there. Its attributes are not read again: their texts are where
// damaged files make HDF5 crash.
OpenFeatures open_checked(const std::filesystem::path& file, FeatureDisk& disk, bool known) {
  disk.reading(0);
  OpenFile open = open_features(file, disk, known);
  const std::function<void()> step = [&] { disk.reading(0); };
  const FeatureRoot root{file, open.root, open.bytes, step};
  if (!known) check_tile_level(root);
  Feats feats = feats_of(root);
  FeatureInfo info = checked_info(root, feats);
  if (!known) add_names(root, feats, info);
  return {std::move(open.root), std::move(feats.dataset), std::move(info)};
}

// Rows read at a time: as many as have `bytes` in memory, in whole chunks. Rows that are read in parts of other sizes
// make HDF5 decompress chunks again that are larger than its cache (1 MB).
std::int64_t rows_at_a_time(const OpenFeatures& features, std::size_t bytes_per_value, std::size_t bytes) {
  const auto row_bytes = static_cast<std::size_t>(features.info.width) * bytes_per_value;
  const hdf5::Storage storage = hdf5::storage_of(features.feats);
  const std::size_t chunk = storage.chunk.empty() ? 1 : std::max<std::size_t>(1, storage.chunk[0]);
  const std::size_t chunks = bytes / row_bytes / chunk;
  return std::min(features.info.tiles, static_cast<std::int64_t>(std::max<std::size_t>(1, chunks) * chunk));
}

// Reads all rows by blocks of about `block_bytes`; `read` gets the first row and the number of rows.
template <typename Read>
void by_blocks(const OpenFeatures& features, std::size_t bytes_per_value, std::size_t block_bytes, FeatureDisk& disk,
               Read&& read) {
  const std::int64_t block = rows_at_a_time(features, bytes_per_value, block_bytes);
  for (std::int64_t row = 0; row < features.info.tiles; row += block) {
    const std::int64_t rows = std::min(block, features.info.tiles - row);
    disk.reading(static_cast<std::uint64_t>(rows * features.info.width) * bytes_per_value);
    read(row, rows);
  }
}

// Float types other than float16, read as `memory_type`, which must hold them exactly: HDF5's own rounding to float16
// is wrong (half.h).
template <typename Float>
void read_rounded(const OpenFeatures& features, hid_t memory_type, std::span<std::uint16_t> out, FeatureDisk& disk) {
  constexpr std::size_t kInCache = std::size_t{1} << 18;  // of a core
  const std::int64_t width = features.info.width;
  std::vector<Float> values;
  by_blocks(features, sizeof(Float), kInCache, disk, [&](std::int64_t row, std::int64_t rows) {
    const auto count = static_cast<std::size_t>(rows * width);
    values.resize(std::max(values.size(), count));
    hdf5::read_rows(features.feats, static_cast<hsize_t>(row), static_cast<hsize_t>(rows), static_cast<hsize_t>(width),
                    memory_type, values.data());
    round_to_half(std::span<const Float>(values).first(count),
                  out.subspan(static_cast<std::size_t>(row * width), count));
  });
}

void read_open(const OpenFeatures& features, std::span<std::uint16_t> out, FeatureDisk& disk) {
  const auto half = hdf5::float16_type();
  if (hdf5::is_stored_as(features.feats, half.get())) {
    constexpr std::size_t kPart = std::size_t{1} << 24;  // large: only so that progress is seen
    const std::int64_t width = features.info.width;
    by_blocks(features, sizeof(std::uint16_t), kPart, disk, [&](std::int64_t row, std::int64_t rows) {
      hdf5::read_rows(features.feats, static_cast<hsize_t>(row), static_cast<hsize_t>(rows),
                      static_cast<hsize_t>(width), half.get(), out.data() + row * width);
    });
  } else if (hdf5::is_stored_as(features.feats, H5T_NATIVE_FLOAT)) {
    read_rounded<float>(features, H5T_NATIVE_FLOAT, out, disk);
  } else {
    read_rounded<double>(features, H5T_NATIVE_DOUBLE, out, disk);
  }
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
  read_open(features, std::span(bag.values).subspan(begin, size), disk);
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
  return reading(file, disk, patient, [&] { return std::move(open_checked(file, disk, false).info); });
}

FeatureInfo load_features(const std::filesystem::path& file, std::vector<std::uint16_t>& values, FeatureDisk& disk,
                          bool patient) {
  return reading(file, disk, patient, [&] {
    OpenFeatures features = open_checked(file, disk, false);
    const auto size = static_cast<std::size_t>(features.info.tiles * features.info.width);
    disk.reading(size * sizeof(std::uint16_t));
    try {
      values.resize(size);
    } catch (const std::bad_alloc&) {
      throw FileFault(file, "does not fit into memory", "expected fewer tiles, or a larger machine",
                      fmt::format("{} tiles of {} features", features.info.tiles, features.info.width));
    }
    read_open(features, values, disk);
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
    read_open(features, out, disk);
  });
}

Bag read_bag(const std::vector<std::filesystem::path>& files) { return read_bag(files, FeatureDisk::real()); }

// Each file is opened once (for small bags that costs more than reading), and closed before the next: patients have
// more slides than a process may open files.
Bag read_bag(const std::vector<std::filesystem::path>& files, FeatureDisk& disk) {
  Bag bag;
  for (const auto& file : files) {
    reading(file, disk, true, [&] { append(bag, file, files.front(), disk); });
  }
  return bag;
}

}  // namespace mtlgrid

#include "datasets/features/hdf5_features.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_layout.h"
#include "datasets/features/half.h"
#include "datasets/features/hdf5.h"
#include "datasets/features/hdf5_storage.h"

namespace mtlgrid {
namespace {

class Hdf5Features : public OpenFeatures {
 public:
  Hdf5Features(hdf5::Handle root, hdf5::Handle feats) : root_(std::move(root)), feats_(std::move(feats)) {}

  void read(std::span<std::uint16_t> out, FeatureDisk& disk) override {
    if (info.tiles == 0) return;
    const auto half = hdf5::float16_type();
    const bool is_half = hdf5::is_stored_as(feats_, half.get());
    const bool is_float = !is_half && hdf5::is_stored_as(feats_, H5T_NATIVE_FLOAT);
    const hdf5::Storage storage = hdf5::storage_of(feats_);
    if ((is_half || is_float) && hdf5::in_small_plain_chunks(storage, static_cast<hsize_t>(info.width))) {
      read_chunks(storage, is_half, out, disk);
    } else if (is_half) {
      constexpr std::size_t kPart = std::size_t{1} << 24;  // large: only so that progress is seen
      by_blocks(storage, sizeof(std::uint16_t), kPart, disk, [&](std::int64_t row, std::int64_t rows) {
        read_rows(row, rows, half.get(), out.data() + row * info.width);
      });
    } else if (is_float) {
      read_rounded<float>(storage, H5T_NATIVE_FLOAT, out, disk);
    } else {
      read_rounded<double>(storage, H5T_NATIVE_DOUBLE, out, disk);
    }
  }

 private:
  static constexpr std::size_t kInCache = std::size_t{1} << 18;  // of a core

  void read_rows(std::int64_t row, std::int64_t rows, hid_t type, void* out) const {
    hdf5::read_rows(feats_, static_cast<hsize_t>(row), static_cast<hsize_t>(rows), static_cast<hsize_t>(info.width),
                    type, out);
  }

  // Rows read at a time: as many as have `bytes` in memory, in whole chunks. Rows that are read in parts of other sizes
  // make HDF5 decompress chunks again that are larger than its cache (1 MB).
  std::int64_t rows_at_a_time(const hdf5::Storage& storage, std::size_t bytes_per_value, std::size_t bytes) const {
    const auto row_bytes = static_cast<std::size_t>(info.width) * bytes_per_value;
    const std::size_t dimensions = storage.chunk.size();
    const std::size_t chunk = dimensions < 2 ? 1 : std::max<std::size_t>(1, storage.chunk[dimensions - 2]);
    const std::size_t chunks = bytes / row_bytes / chunk;
    return std::min(info.tiles, static_cast<std::int64_t>(std::max<std::size_t>(1, chunks) * chunk));
  }

  // Reads all rows by blocks of about `block_bytes`; `read` gets the first row and the number of rows.
  template <typename Read>
  void by_blocks(const hdf5::Storage& storage, std::size_t bytes_per_value, std::size_t block_bytes, FeatureDisk& disk,
                 Read&& read) const {
    const std::int64_t block = rows_at_a_time(storage, bytes_per_value, block_bytes);
    for (std::int64_t row = 0; row < info.tiles; row += block) {
      const std::int64_t rows = std::min(block, info.tiles - row);
      disk.reading(static_cast<std::uint64_t>(rows * info.width) * bytes_per_value);
      read(row, rows);
    }
  }

  // Float types other than float16, read as `memory_type`, which must hold them exactly: HDF5's own rounding to float16
  // is wrong (half.h).
  template <typename Float>
  void read_rounded(const hdf5::Storage& storage, hid_t memory_type, std::span<std::uint16_t> out, FeatureDisk& disk) {
    std::vector<Float> values;
    by_blocks(storage, sizeof(Float), kInCache, disk, [&](std::int64_t row, std::int64_t rows) {
      const auto count = static_cast<std::size_t>(rows * info.width);
      values.resize(std::max(values.size(), count));
      read_rows(row, rows, memory_type, values.data());
      round_to_half(std::span<const Float>(values).first(count),
                    out.subspan(static_cast<std::size_t>(row * info.width), count));
    });
  }

  // HDF5's general way costs three times what a chunk of one row takes so (docs/measurements.md).
  void read_chunks(const hdf5::Storage& storage, bool is_half, std::span<std::uint16_t> out, FeatureDisk& disk) {
    const auto tiles = static_cast<std::size_t>(info.tiles), width = static_cast<std::size_t>(info.width);
    const std::size_t rows = storage.chunk[0], values = rows * width;
    const std::size_t together = std::max<std::size_t>(1, kInCache / storage.chunk_bytes);  // chunks before rounding
    std::vector<float> floats(is_half ? 0 : together * values);
    std::vector<std::uint16_t> last(is_half ? values : 0);  // a chunk that reaches beyond the rows
    for (std::size_t row = 0; row < tiles; row += together * rows) {
      const std::size_t end = std::min(tiles, row + together * rows);
      disk.reading(together * storage.chunk_bytes);
      for (std::size_t r = row; r < end; r += rows) {
        const bool whole = r + rows <= tiles;
        void* to = is_half ? static_cast<void*>(whole ? out.data() + r * width : last.data())
                           : static_cast<void*>(floats.data() + (r - row) * width);
        hdf5::read_plain_chunk(feats_, r, storage.chunk_bytes, to);
        if (is_half && !whole) {
          std::copy_n(last.begin(), (tiles - r) * width, out.begin() + static_cast<std::ptrdiff_t>(r * width));
        }
      }
      if (is_half) continue;
      const std::size_t count = (end - row) * width;
      round_to_half(std::span<const float>(floats).first(count), out.subspan(row * width, count));
    }
  }

  hdf5::Handle root_, feats_;
};

}  // namespace

std::unique_ptr<OpenFeatures> open_hdf5_features(const FileToOpen& file, FeatureDisk& disk) {
  disk.reading(0);
  hdf5::Handle opened = hdf5::open_file(file.opened);
  const std::function<void()> step = [&] { disk.reading(0); };
  const FeatureRoot root{file.file, opened, file.bytes, step, file.values};
  const FeatureLevel said = file.known ? FeatureLevel::row : said_level(root);
  Feats feats = feats_of(root);
  FeatureInfo info = checked_info(root, feats);
  if (!file.known) {
    set_level(root, feats, said, info);
    add_names(root, feats, info);
  }
  auto features = std::make_unique<Hdf5Features>(std::move(opened), std::move(feats.dataset));
  features->info = std::move(info);
  return features;
}

}  // namespace mtlgrid

#include "datasets/features/hdf5_storage.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <source_location>

namespace mtlgrid::hdf5 {
namespace {

Handle creation_of(const Handle& dataset) { return {MTLGRID_HDF5(H5Dget_create_plist(dataset.get())), H5Pclose}; }

constexpr std::size_t kNameRoom = 256;  // longer names are cut: they only serve a message

std::vector<int> filters_of(const Handle& creation) {
  std::vector<int> filters;
  const int count = MTLGRID_HDF5(H5Pget_nfilters(creation.get()));
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    filters.push_back(MTLGRID_HDF5(
        H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, &config)));
  }
  return filters;
}

// a x b, or the largest number there is.
std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
  return a != 0 && b > kLargest / a ? kLargest : a * b;
}

// Steps to the next chunk, the last dimension first; false after the last one.
bool advance(std::vector<hsize_t>& offset, const std::vector<hsize_t>& shape, const std::vector<hsize_t>& chunk) {
  for (std::size_t i = offset.size(); i-- > 0;) {
    offset[i] += chunk[i];
    if (offset[i] < shape[i]) return true;
    offset[i] = 0;
  }
  return false;
}

// Whether the chunk at `offset` is in the file. HDF5 1.10 calls its absence an error, later versions a size of 0.
bool is_written(const Handle& dataset, const std::vector<hsize_t>& offset) {
  hsize_t bytes = 0;
  try {
    MTLGRID_HDF5(H5Dget_chunk_storage_size(dataset.get(), offset.data(), &bytes));
  } catch (const Hdf5Error& e) {
    if (e.library_text().find("not allocated") == std::string::npos) throw;
  }
  return bytes > 0;
}

}  // namespace

std::optional<std::string> other_file_of(const Handle& dataset) {
  const Handle creation = creation_of(dataset);
  std::array<char, kNameRoom> name{};
  if (MTLGRID_HDF5(H5Pget_external_count(creation.get())) > 0) {
    off_t offset = 0;
    hsize_t size = 0;
    MTLGRID_HDF5(H5Pget_external(creation.get(), 0, name.size() - 1, name.data(), &offset, &size));
    return fmt::format("external storage in file '{}'", name.data());
  }
  if (MTLGRID_HDF5(H5Pget_layout(creation.get())) != H5D_VIRTUAL) return std::nullopt;
  std::size_t sources = 0;
  MTLGRID_HDF5(H5Pget_virtual_count(creation.get(), &sources));
  if (sources == 0) return "a virtual dataset of no file";
  MTLGRID_HDF5(H5Pget_virtual_filename(creation.get(), 0, name.data(), name.size() - 1));
  return fmt::format("a virtual dataset of file '{}'", name.data());
}

Storage storage_of(const Handle& dataset) {
  const Handle type(MTLGRID_HDF5(H5Dget_type(dataset.get())), H5Tclose);
  const Handle creation = creation_of(dataset);
  silence();
  Storage storage{H5Dget_storage_size(dataset.get()), H5Tget_size(type.get()), filters_of(creation)};
  if (MTLGRID_HDF5(H5Pget_layout(creation.get())) != H5D_CHUNKED) return storage;
  storage.chunk.resize(H5S_MAX_RANK);
  const int rank =
      MTLGRID_HDF5(H5Pget_chunk(creation.get(), static_cast<int>(storage.chunk.size()), storage.chunk.data()));
  storage.chunk.resize(static_cast<std::size_t>(rank));
  storage.chunk_bytes = storage.bytes_per_value;
  for (const hsize_t size : storage.chunk) storage.chunk_bytes = product(storage.chunk_bytes, size);
  return storage;
}

bool in_small_plain_chunks(const Storage& storage, hsize_t columns) {
  constexpr std::uint64_t kLargest = 1 << 16;  // bytes; above, HDF5's own way is as fast
  return storage.chunk.size() == 2 && storage.filters.empty() && storage.chunk[1] == columns && storage.chunk[0] > 0 &&
         storage.chunk_bytes <= kLargest;
}

ChunkCount count_chunks(const Handle& dataset, const std::vector<hsize_t>& shape, const std::vector<hsize_t>& chunk,
                        std::uint64_t file_bytes, const std::function<void()>& step) {
  ChunkCount count{1, 0};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const hsize_t size = std::max<hsize_t>(1, chunk[i]);
    count.needed = product(count.needed, shape[i] / size + (shape[i] % size != 0 ? 1 : 0));
  }
  if (count.needed > file_bytes) {
    const Handle space(MTLGRID_HDF5(H5Dget_space(dataset.get())), H5Sclose);
    hsize_t written = 0;
    MTLGRID_HDF5(H5Dget_num_chunks(dataset.get(), space.get(), &written));
    count.written = std::min<std::uint64_t>(written, count.needed - 1);
    return count;
  }
  constexpr std::uint64_t kStep = 1024;
  std::vector<hsize_t> offset(shape.size());
  for (std::uint64_t done = 0; done < count.needed; ++done) {
    if (done % kStep == 0) step();
    if (is_written(dataset, offset)) ++count.written;
    if (!advance(offset, shape, chunk)) break;
  }
  return count;
}

void read_plain_chunk(const Handle& dataset, hsize_t first, hsize_t bytes, void* out) {
  const hsize_t offset[2] = {first, 0};
  hsize_t stored = 0;
  std::uint32_t filters = 0;
  // Without checked(): for a chunk of one row its part of the work is a third.
  const auto fail = [](const char* call, const std::string& text, int number) {
    throw Hdf5Error(call, text, std::source_location::current(), number);
  };
  if (H5Dget_chunk_storage_size(dataset.get(), offset, &stored) < 0) {
    fail("H5Dget_chunk_storage_size", error_text(), error_number());
  }
  if (stored != bytes) fail("H5Dread_chunk", fmt::format("a chunk of {} bytes, expected {}", stored, bytes), 0);
  if (H5Dread_chunk(dataset.get(), H5P_DEFAULT, offset, &filters, out) < 0) {
    fail("H5Dread_chunk", error_text(), error_number());
  }
}

}  // namespace mtlgrid::hdf5

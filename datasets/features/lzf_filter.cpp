#include "datasets/features/lzf_filter.h"

#include <hdf5.h>
#include <lzf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace mtlgrid::hdf5 {
namespace {

constexpr H5Z_filter_t kLzf = 32000;
constexpr std::size_t kMostLzf = 100;  // LZF makes at most 264 bytes of 3

// The chunk decompressed, in memory of HDF5's, or nullptr.
void* decompressed(const void* in, std::size_t bytes, std::size_t expected, std::size_t& size) {
  const std::size_t most = bytes * kMostLzf;
  for (size = std::clamp(expected, bytes, most);; size = std::min(2 * size, most)) {
    void* const out = H5allocate_memory(size, false);
    if (out == nullptr) return nullptr;
    const unsigned done =
        lzf_decompress(in, static_cast<unsigned>(bytes), out, static_cast<unsigned>(std::min<std::size_t>(size, ~0u)));
    if (done > 0) {
      size = done;
      return out;
    }
    const bool too_small = errno == E2BIG && size < most;
    H5free_memory(out);
    if (!too_small) return nullptr;
  }
}

// HDF5's interface of a filter: returns the bytes in `*buffer`, 0 for failure. `values[2]` is the bytes of a chunk
// before compression, as h5py stores them.
std::size_t lzf_filter(unsigned flags, std::size_t count, const unsigned* values, std::size_t bytes,
                       std::size_t* capacity, void** buffer) {
  if ((flags & H5Z_FLAG_REVERSE) == 0 || bytes == 0) return 0;
  std::size_t size = 0;
  void* const out = decompressed(*buffer, bytes, count > 2 ? values[2] : bytes, size);
  if (out == nullptr) return 0;
  H5free_memory(*buffer);
  *buffer = out;
  *capacity = size;
  return size;
}

}  // namespace

void register_lzf() {
  static const herr_t done = [] {
    const H5Z_class2_t filter = {H5Z_CLASS_T_VERS, kLzf, 0, 1, "lzf", nullptr, nullptr, lzf_filter};
    return H5Zregister(&filter);
  }();
  static_cast<void>(done);  // where it fails, reading a file names the filter
}

}  // namespace mtlgrid::hdf5

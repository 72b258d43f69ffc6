// How HDF5 stores a dataset: where, in which pieces, and whether all of them were written.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "datasets/features/hdf5.h"

namespace mtlgrid::hdf5 {

// What of another file the dataset's values are read from: "external storage in file 'x.raw'", "a virtual dataset of
// file 'a.h5'". nullopt: they are in this file. To be asked first: for a virtual dataset the library opens the others
// to tell its shape.
std::optional<std::string> other_file_of(const Handle& dataset);

// `bytes` are stored for the dataset: 0 where a shape was declared and nothing ever written. `bytes_per_value` is the
// stored type's.
struct Storage {
  std::uint64_t bytes = 0, bytes_per_value = 0;
  std::vector<int> filters{};     // numbers of those between the two; empty: not compressed
  std::vector<hsize_t> chunk{};   // its shape; empty where the dataset is not stored in chunks
  std::uint64_t chunk_bytes = 0;  // decompressed
};
Storage storage_of(const Handle& dataset);
// Whether read_plain_chunk() is the way to read a dataset [N, columns] of this storage: chunks of whole rows, small,
// and without filters. TRIDENT's and CLAM's have one row each.
bool in_small_plain_chunks(const Storage& storage, hsize_t columns);

// The chunks that the dataset's shape needs, and those of them that were written. HDF5 reads zeros (the fill value) in
// place of the others. Costs a search in the file's index for each, a few microseconds; `step` is called now and then.
struct ChunkCount {
  std::uint64_t needed = 0, written = 0;
};
// `file_bytes`: where more chunks are needed, which the file has no room for, those in the index are counted instead.
ChunkCount count_chunks(const Handle& dataset, const std::vector<hsize_t>& shape, const std::vector<hsize_t>& chunk,
                        std::uint64_t file_bytes, const std::function<void()>& step);

// Reads the chunk that begins at row `first`, as it is stored, of a dataset in rows and columns without filters:
// exactly `bytes` into `out`, which must have room for a whole chunk. Throws Hdf5Error if the chunk has another size.
// Chunks of one row are read three times as fast as by H5Dread.
void read_plain_chunk(const Handle& dataset, hsize_t first, hsize_t bytes, void* out);

}  // namespace mtlgrid::hdf5

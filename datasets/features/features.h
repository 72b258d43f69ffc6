// Feature files, HDF5 or PyTorch's: [N, D] of any float type on disk, always float16 in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "datasets/features/feature_info.h"

namespace mtlgrid {

class FeatureDisk;

// The name of the extractor that a file says, canonical (extractor_name.h); empty if it says none.
std::string extractor_of(const FeatureInfo& info);

// Every function here that reads files throws FileFault (an InputError) naming the file and what is wrong with it:
// unreadable or truncated, no dataset or tensor of features, not an array of floats in rows and columns, values that
// were never written, values in another file, an object that is not a tensor; and SystemError where the system or a
// missing filter stands in the way. Files ending in .pt are PyTorch's, all others HDF5. What may pass is tried again
// after pauses (feature_disk.h). One file is open at a time.
//
// Damaged files can make HDF5 end the process, or never return: files that nobody has checked are read through a
// FeatureReader (feature_reader.h).

// Reads the header. A slide without tissue has no tiles.
FeatureInfo inspect_features(const std::filesystem::path& file);
// `patient` false: without trying again.
FeatureInfo inspect_features(const std::filesystem::path& file, FeatureDisk& disk, bool patient);

// The header, and the values into `values`, with one opening. Memory is allocated only for what the file can have.
FeatureInfo load_features(const std::filesystem::path& file, std::vector<std::uint16_t>& values, FeatureDisk& disk,
                          bool patient);

// Reads the features as IEEE float16 bit patterns, row by row: out.size() must be tiles x width.
// Values of a float32 file are rounded to nearest even, as NumPy's astype(float16) does.
void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out);
void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out, FeatureDisk& disk, bool patient);

// A bag: the tiles of a patient's slides one after the other, [tiles, width] float16 bit patterns, row-major.
struct Bag {
  std::int64_t tiles = 0, width = 0;
  std::vector<std::uint16_t> values;
};
// The files were there when the data were checked: one that is gone is a SystemError. Their attributes are not read.
Bag read_bag(const std::vector<std::filesystem::path>& files);
Bag read_bag(const std::vector<std::filesystem::path>& files, FeatureDisk& disk);

// A bag owned by something else, which must outlive the view.
struct BagView {
  std::int64_t tiles = 0, width = 0;
  std::span<const std::uint16_t> values;
};
inline BagView view_of(const Bag& bag) { return {bag.tiles, bag.width, bag.values}; }

}  // namespace mtlgrid

// Feature files (HDF5) of STAMP and of programs alike: [N, D], float16 or float32 on disk, always float16 in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mtlgrid {

class FeatureDisk;

// The header of a feature file. STAMP's layouts 1.x and 2.x are treated alike: both have `feats`.
struct FeatureInfo {
  std::int64_t tiles = 0, width = 0;
  std::string extractor;        // attribute `extractor`; else `encoder` of the dataset; empty if absent
  std::string dataset;          // where the features are: `feats`; else `patch_embeddings`, `features`, or the only one
  std::size_t value_bytes = 2;  // of a value on disk; 2 is float16, wider ones are rounded
  bool by_encoder = false;      // `extractor` is the dataset's `encoder`, as TRIDENT writes it
  std::string tile_size{};      // "256 um in 224 px", from STAMP's tile_size_um and tile_size_px; empty if absent
};

// The name of the extractor that a file says, canonical (extractor_name.h); empty if it says none.
std::string extractor_of(const FeatureInfo& info);

// Every function here that reads files throws FileFault (an InputError) naming the file and what is wrong with it:
// unreadable or truncated, no dataset of features, not a [N, D] array of floats, no tiles, slide- or patient-level file
// (attribute `feat_type` or `encoder`); and SystemError where the system or a missing filter stands in the way. What
// may pass is tried again after pauses (feature_disk.h). One file is open at a time.

// Reads the header, `tile_size` too.
FeatureInfo inspect_features(const std::filesystem::path& file);
// `patient` false: without trying again.
FeatureInfo inspect_features(const std::filesystem::path& file, FeatureDisk& disk, bool patient);

// Reads the features as IEEE float16 bit patterns, row by row: out.size() must be tiles x width.
// Values of a float32 file are rounded to nearest even, as NumPy's astype(float16) does.
void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out);
void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out, FeatureDisk& disk, bool patient);

// A bag: the tiles of a patient's slides one after the other, [tiles, width] float16 bit patterns, row-major.
struct Bag {
  std::int64_t tiles = 0, width = 0;
  std::vector<std::uint16_t> values;
};
// The files were there when the data were checked: one that is gone is a SystemError.
Bag read_bag(const std::vector<std::filesystem::path>& files);
Bag read_bag(const std::vector<std::filesystem::path>& files, FeatureDisk& disk);

// A bag owned by something else, which must outlive the view.
struct BagView {
  std::int64_t tiles = 0, width = 0;
  std::span<const std::uint16_t> values;
};
inline BagView view_of(const Bag& bag) { return {bag.tiles, bag.width, bag.values}; }

}  // namespace mtlgrid

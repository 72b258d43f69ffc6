// STAMP's feature files (HDF5): `feats` [N, D], float16 or float32 on disk, always float16 in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mtlgrid {

// The header of a feature file. STAMP's layouts 1.x and 2.x are treated alike: both have `feats`.
struct FeatureInfo {
  std::int64_t tiles = 0, width = 0;
  std::string extractor;        // attribute `extractor`; empty if absent
  std::size_t value_bytes = 2;  // of a value on disk; 2 is float16, wider ones are rounded
};

// Reads the header. Throws InputError naming the file and what is wrong: unreadable or truncated, no `feats`, not a
// [N, D] array of floats, no tiles, slide- or patient-level file (attribute `feat_type` or `encoder`).
FeatureInfo inspect_features(const std::filesystem::path& file);

// Reads `feats` as IEEE float16 bit patterns, row by row: out.size() must be tiles x width.
// Values of a float32 file are rounded to nearest even, as NumPy's astype(float16) does.
void read_features(const std::filesystem::path& file, std::span<std::uint16_t> out);

// The extractor's name without what differs between STAMP's versions (known aliases), for comparing files.
std::string canonical_extractor(const std::string& extractor);

// A bag: the tiles of a patient's slides one after the other, [tiles, width] float16 bit patterns, row-major.
struct Bag {
  std::int64_t tiles = 0, width = 0;
  std::vector<std::uint16_t> values;
};
Bag read_bag(const std::vector<std::filesystem::path>& files);

// A bag owned by something else, a Bag or a file mapped into memory, which must outlive the view.
struct BagView {
  std::int64_t tiles = 0, width = 0;
  std::span<const std::uint16_t> values;
};
inline BagView view_of(const Bag& bag) { return {bag.tiles, bag.width, bag.values}; }

// A patient's bag of a cohort. Throws InputError as read_bag does, and if it is not `width` features wide.
Bag read_patient_bag(const std::string& cohort, const std::string& patient,
                     const std::vector<std::filesystem::path>& files, std::int64_t width);

}  // namespace mtlgrid

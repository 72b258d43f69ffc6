// Where an open feature file has its features, and whether they are what they claim to be, before any value is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "datasets/features/feature_info.h"
#include "datasets/features/hdf5.h"

namespace mtlgrid {

// What a feature file has to be, for messages.
inline constexpr const char* kTileFile = "expected an HDF5 file of tile features";

// A feature file as it is checked. `bytes`: of the file on the disk, which bounds what it may claim.
struct FeatureRoot {
  const std::filesystem::path& file;
  const hdf5::Handle& root;
  std::uint64_t bytes = 0;
  const std::function<void()>& step;  // called now and then where checking takes long
};

struct Feats {
  hdf5::Handle dataset;
  std::string name;
};

// These throw FileFault for what a tile file is not, SystemError for a missing filter, Hdf5Error where the library
// fails.

// Refuses features of whole slides and patients, by the file's attributes.
void check_tile_level(const FeatureRoot& root);
// The dataset of features, by its usual names or as the only one that may be it. Data that are in another file (links,
// external storage, virtual datasets) are refused: the features must not depend on what no fingerprint sees.
Feats feats_of(const FeatureRoot& root);
// Its shape and type, without names. Every value was written, and the shape is bounded by the bytes that are stored.
FeatureInfo checked_info(const FeatureRoot& root, const Feats& feats);
// Adds what the attributes say of the extractor, and of the size of tiles.
void add_names(const FeatureRoot& root, const Feats& feats, FeatureInfo& info);

}  // namespace mtlgrid

// Where an open feature file has its features, and whether they are what they claim to be, before any value is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "datasets/features/feature_info.h"
#include "datasets/features/hdf5.h"

namespace mtlgrid {

// What a feature file has to be, for messages.
inline constexpr const char* kFeatureFile = "expected an HDF5 file of features";

// A feature file as it is checked. `bytes`: of the file on the disk, which bounds what it may claim.
struct FeatureRoot {
  const std::filesystem::path& file;
  const hdf5::Handle& root;
  std::uint64_t bytes = 0;
  const std::function<void()>& step;  // called now and then where checking takes long
  bool values = false;                // all values are read next
};

struct Feats {
  hdf5::Handle dataset;
  std::string name;
};

// These throw FileFault for what a tile file is not, SystemError for a missing filter, Hdf5Error where the library
// fails.

// What the file's attributes say that it is: attribute `feat_type`, or the `encoder` of slides and patients (STAMP 2.2,
// which did not say of which). FeatureLevel::row where they say nothing.
FeatureLevel said_level(const FeatureRoot& root);
// The dataset of features, by its usual names or as the only one that may be it. Data that are in another file (links,
// external storage, virtual datasets) are refused: the features must not depend on what no fingerprint sees.
Feats feats_of(const FeatureRoot& root);
// Its shape and type, without names: [N, D], [1, N, D], or [D] for one row; N = 0 where a slide has no tissue. Every
// value was written, and the shape is bounded by the bytes that are stored.
FeatureInfo checked_info(const FeatureRoot& root, const Feats& feats);
// Sets `info.coordinates`, and `info.level` by what the file says, its shape, and whether one row has several
// coordinates.
void set_level(const FeatureRoot& root, const Feats& feats, FeatureLevel said, FeatureInfo& info);
// Adds what the attributes say of the extractor, and of how tiles were cut.
void add_names(const FeatureRoot& root, const Feats& feats, FeatureInfo& info);
// Dataset `coords` of the file itself; nullopt if there is none.
std::optional<hdf5::Handle> coords_of(const FeatureRoot& root);

}  // namespace mtlgrid

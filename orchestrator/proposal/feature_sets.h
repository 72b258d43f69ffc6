// Folders of feature files as a configuration would name them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "datasets/features/feature_reader.h"
#include "orchestrator/proposal/found_files.h"

namespace mtlgrid {

// Feature files of one extractor that belong together.
struct FeatureSet {
  std::filesystem::path root;      // for the key `features`
  std::vector<std::string> files;  // paths relative to `root`, ascending
  // Name of a file without folders and suffix, to its position in `files`. No two files of a set have the same.
  std::map<std::string, std::size_t> stems{};
  FeatureInfo info;  // of one of its files
};

// The sets among `found`. Three files of each folder are opened: folders whose files are not features (coordinates of
// patches, weights) are passed over, those that seem damaged with a note. Folders below one folder are one set if they
// hold the same extractor's files of different names and no table is among them; of CLAM's h5_files and pt_files, which
// hold the same features twice, the first is taken.
std::vector<FeatureSet> feature_sets(const FoundFiles& found, FeatureReader& reader, std::vector<std::string>& notes);

// The name of a file without folders and suffix.
std::string stem_of(const std::string& file);

// "400 files, extractor ctranspath, 768 features, features of tiles of 256 um in 224 px".
std::string said_of(const FeatureSet& set);

// In what features of two sets are of another kind, as "extractor uni, not ctranspath"; empty where a model of the one
// could be tested on the other.
std::string feature_difference(const FeatureSet& set, const FeatureSet& other);

}  // namespace mtlgrid

// The feature files of a folder, and which of them a FILENAME in a slide table refers to.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace mtlgrid {

class FeatureIndex {
 public:
  // Lists every *.h5 below `folder`, sub-folders and links to folders included (each real folder once).
  // Throws InputError if the folder does not exist, cannot be listed, or contains no .h5 file.
  explicit FeatureIndex(const std::filesystem::path& folder);

  // The files that `filename` may refer to, as paths relative to the folder with `/`: none, one, or several where it is
  // ambiguous. Tried in this order: the path itself, the path with `.h5` added, and, for a bare name, files of that
  // name (with or without `.h5` added) in sub-folders.
  // Throws InputError for an absolute path or one that leaves the folder.
  std::vector<std::string> find(const std::string& filename) const;

 private:
  void list(const std::filesystem::path& folder);

  std::set<std::string> files_;                            // relative paths
  std::map<std::string, std::vector<std::string>> named_;  // file name to relative paths
};

}  // namespace mtlgrid

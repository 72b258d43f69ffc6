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
  // Lists every entry ending in .h5 below `folder`, sub-folders and links to folders included (each real folder once);
  // whether an entry is a readable file is seen when it is read. Throws InputError if the folder does not exist or
  // contains no .h5 file, SystemError if it cannot be listed, or if a sub-folder cannot for a reason that may pass.
  explicit FeatureIndex(const std::filesystem::path& folder);

  // The files that a FILENAME may refer to, as paths relative to the folder with `/`: none, one, or several where it is
  // ambiguous. Tried in this order: the path itself, the path with `.h5` added, and, for a bare name, files of that
  // name (with or without `.h5` added) in sub-folders. An absolute path, or one with `..`, refers to the listed file
  // that is the same one on the disk.
  struct Match {
    std::vector<std::string> files;
    bool outside = false;  // an absolute path, or one with `..`, to no listed file and not into the folder
  };
  Match find(const std::string& filename) const;
  // Whether the folder has a folder of that name, with or without `.h5`.
  bool is_folder(const std::string& filename) const;

  // All files, ascending.
  std::vector<std::string> files() const { return {files_.begin(), files_.end()}; }
  // Entries below the folder that were passed over: sub-folders that cannot be listed, names that are not UTF-8.
  struct Unread {
    std::string path, reason;
  };
  const std::vector<Unread>& unread() const { return unread_; }

 private:
  void list(const std::filesystem::path& folder, const std::string& prefix, std::set<std::filesystem::path>& visited);
  void take(const std::filesystem::directory_entry& entry, const std::string& relative,
            std::set<std::filesystem::path>& visited);
  Match find_on_disk(const std::filesystem::path& path) const;

  std::filesystem::path folder_;
  std::set<std::string> files_;                            // relative paths
  std::map<std::string, std::vector<std::string>> named_;  // file name to relative paths
  std::vector<Unread> unread_;
  mutable std::map<std::filesystem::path, std::string> real_;  // canonical path to relative one; made when needed
};

}  // namespace mtlgrid

// The feature files of a folder, and which of them a FILENAME in a slide table refers to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mtlgrid {

// `files` without the .pt files of slides that have an .h5 file too: X.pt beside X.h5, or pt_files/X.pt beside
// h5_files/X.h5. Paths with `/`, of one folder or absolute; the order stays.
std::vector<std::string> one_of_each_slide(const std::set<std::string>& files);

class FeatureIndex {
 public:
  // Lists every entry ending in .h5 or .pt below `folder`, sub-folders and links to folders included (each real folder
  // once); whether an entry is a readable file is seen when it is read. Throws InputError if the folder does not exist
  // or contains no such file (what is there instead is said); SystemError if it cannot be listed, if a sub-folder
  // cannot for a reason that may pass, or if no such file is seen and a sub-folder cannot be listed.
  explicit FeatureIndex(const std::filesystem::path& folder);

  // The files that a FILENAME may refer to, as paths relative to the folder with `/`: none, one, or several where it is
  // ambiguous. Tried in this order: the path itself, the path with `.h5` added, and, for a bare name, files of these
  // names in sub-folders; then the same for .pt, and with the other suffix in place of the one that is given. An
  // absolute path, or one with `..`, refers to the listed file that is the same one on the disk. Where a slide has
  // both, X.h5 and X.pt in one folder, or h5_files/X.h5 beside pt_files/X.pt as CLAM writes them, it is the .h5 alone:
  // what the FILENAME says makes no difference.
  struct Match {
    std::vector<std::string> files;
    bool outside = false;  // an absolute path, or one with `..`, to no listed file and not into the folder
    // Where no file was found: the folder that has a file of that name, but a name itself that is not UTF-8.
    std::string misnamed_folder{};
    std::string passed_over{};  // the .pt file of the same slide, where the .h5 is taken
  };
  Match find(const std::string& filename) const;
  // Whether the folder has a folder of that name, with or without a suffix.
  bool is_folder(const std::string& filename) const;
  // Whether a FILENAME that was not found may be that of a file in a sub-folder that cannot be listed. Such folders
  // that file systems make for themselves (lost+found, .snapshot) do not count.
  bool may_be_unlisted(const std::string& filename) const;

  // All files, ascending.
  std::vector<std::string> files() const { return {files_.begin(), files_.end()}; }
  // The same, but of a slide that has both (find()) the .h5 alone.
  std::vector<std::string> slides() const { return one_of_each_slide(files_); }
  // Entries below the folder that were passed over: sub-folders that cannot be listed, names that are not UTF-8.
  struct Unread {
    std::string path, reason;
    bool unlisted = false;  // a folder that cannot be listed, and may hold files that FILENAMEs mean
  };
  const std::vector<Unread>& unread() const { return unread_; }

 private:
  // The folders that were looked into, by device and number: a link to a folder above must not be followed endlessly.
  using Folders = std::set<std::pair<std::uint64_t, std::uint64_t>>;
  Match find_listed(const std::string& filename) const;
  // Puts the .h5 file of the same slide in place of a .pt file, and says whether the slide has both.
  Match of_one_slide(Match match) const;
  static bool enter(const std::filesystem::path& folder, Folders& visited);  // false if it is among them already
  void list(const std::filesystem::path& folder, const std::string& prefix, Folders& visited);
  void take(const std::filesystem::directory_entry& entry, const std::string& relative, Folders& visited);
  Match find_on_disk(const std::filesystem::path& path) const;
  Match find_unlisted(const std::string& name) const;  // a bare name, in folders that were not listed
  // The file's path where `relative` is below a folder that cannot be listed. It may be one that can be searched:
  // reading the file will tell.
  std::optional<std::string> below_unread(const std::string& relative) const;
  void pass_over_misnamed(const std::filesystem::directory_entry& entry, const std::string& relative, bool is_folder);
  std::string what_is_there() const;

  std::filesystem::path folder_;
  std::set<std::string> files_;                            // relative paths
  std::map<std::string, std::vector<std::string>> named_;  // file name to relative paths
  std::vector<Unread> unread_;
  std::map<std::string, std::string> misnamed_;        // files in folders whose names are not UTF-8: name to folder
  std::map<std::string, std::size_t> other_suffixes_;  // of files that are none of ours, with their number
  mutable std::map<std::filesystem::path, std::string> real_;  // canonical path to relative one; made when needed
};

}  // namespace mtlgrid

// Which feature files were read and found good before, so that a resumed run does not read terabytes again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "datasets/features/fingerprint.h"

namespace mtlgrid {

// Content hashes of feature files by path. A file counts as unchanged while its FileStamp is: a copy that keeps size
// and time of modification is another file. Entries of earlier versions, which recorded these two alone, do not count.
class FingerprintMemory {
 public:
  // A missing or damaged file gives an empty memory: it only saves time.
  static FingerprintMemory load(const std::filesystem::path& file);
  // Replaces `file` by rename; several processes may save at once, and the last one wins. Throws FileError.
  void save(const std::filesystem::path& file) const;
  // Hex content hash of the features in `file` if it is unchanged since it was remembered.
  std::optional<std::string> find(const std::filesystem::path& file) const;
  // `before`: stamp_of(file) before it was read. Does nothing if the file is not there, was changed or replaced since,
  // or has a name that is not UTF-8, which JSON cannot store.
  void remember(const std::filesystem::path& file, const std::string& hash, const std::optional<FileStamp>& before);
  // Forgets every file whose path is in `text`, an error's, so that it is read again although nothing about it seems to
  // have changed: bits on a disk may. Returns whether there was one.
  bool forget_named_in(const std::string& text);

 private:
  struct Entry {
    FileStamp stamp;
    std::string hash;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace mtlgrid

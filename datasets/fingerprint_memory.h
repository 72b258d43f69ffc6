// Which feature files were read and found good before, so that a resumed run does not read terabytes again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace mtlgrid {

// Content hashes of feature files by path. A file counts as unchanged while its size and modification time are.
class FingerprintMemory {
 public:
  // A missing or damaged file gives an empty memory: it only saves time.
  static FingerprintMemory load(const std::filesystem::path& file);
  // Replaces `file` by rename; several processes may save at once, and the last one wins. Throws FileError.
  void save(const std::filesystem::path& file) const;
  // Hex content hash of the features in `file` if it is unchanged since it was remembered.
  std::optional<std::string> find(const std::filesystem::path& file) const;
  // Does nothing if `file` does not exist or its name is not UTF-8, which JSON cannot store.
  void remember(const std::filesystem::path& file, const std::string& hash);

 private:
  struct Entry {
    std::uint64_t size;
    std::int64_t modified_ns;
    std::string hash;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace mtlgrid

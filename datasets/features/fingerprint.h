// Content hashes (XXH3, 128 bits) of features and cohorts: they detect changed data, not forged data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mtlgrid {

// Hashes a sequence of texts; each is preceded by its length, so that ("ab", "c") differs from ("a", "bc").
class Fingerprint {
 public:
  Fingerprint();
  ~Fingerprint();
  Fingerprint(const Fingerprint&) = delete;
  Fingerprint& operator=(const Fingerprint&) = delete;
  void add(std::string_view text);
  std::string hex() const;  // 32 digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Shows that a file has changed without reading it.
struct FileStamp {
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;      // another one: the file was replaced
  std::int64_t changed_ns = 0;  // of bytes, name or rights: whoever sets the time of modification cannot set this one
  bool operator==(const FileStamp&) const = default;
};
// nullopt if the file does not exist or its folder cannot be searched.
std::optional<FileStamp> stamp_of(const std::filesystem::path& file);

// Of a file's bytes. Throws InputError if there is no plain file, and SystemError where the system refuses to read it.
std::string hash_file(const std::filesystem::path& file);

// Of a text, e.g. the canonical JSON of settings: 32 digits.
std::string hash_text(std::string_view text);

// Of the values (float16, row-major) and the shape; the file's name, layout and attributes do not matter.
std::string hash_features(std::span<const std::uint16_t> values, std::int64_t tiles, std::int64_t width);

}  // namespace mtlgrid

// The file format of checkpoints and weights: a MessagePack header, float32 arrays, and a checksum at the end.
// Byte by byte: docs/trainer.md. No torch.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace mtlgrid {

struct ArrayView {
  std::string name;
  std::span<const float> values;
};

// Writes FILE so that it is either whole or absent, whatever dies when: temporary name, fsync, rename, fsync of the
// folder. The end marker and the checksum are the last bytes written. Throws Error(needs_person) if the disk or the
// quota is full (nothing half written stays), Error(fatal) for other failures.
void write_container(const std::filesystem::path& file, const std::string& kind, const nlohmann::json& header,
                     const std::vector<ArrayView>& arrays);

struct Container {
  nlohmann::json header;
  struct Array {
    std::string name;
    std::vector<float> values;
  };
  std::vector<Array> arrays;
  // Throws InputError if there is none of that name, or it does not have `size` values.
  const std::vector<float>& array(const std::string& name, std::size_t size) const;
  bool has(const std::string& name) const;
};

// Throws InputError naming what is wrong: missing, truncated, checksum, another kind of file, malformed header.
Container read_container(const std::filesystem::path& file, const std::string& kind);

// Writes all of `bytes` to FILE by temporary name, fsync and rename; errors as write_container.
void write_file_whole(const std::filesystem::path& file, const std::vector<std::span<const char>>& parts);

}  // namespace mtlgrid

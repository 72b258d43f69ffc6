// Containers, the file format of checkpoints and weights: a MessagePack header, arrays of float32 or float64, and a
// checksum at the end. Byte by byte: docs/trainer.md. No torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mtlgrid {

class FileError;

// float32 or float64 values that the caller owns.
struct ArrayView {
  template <typename T>
  ArrayView(std::string array, std::span<T> values)
      : name(std::move(array)), bytes(std::as_bytes(values)), width(sizeof(T)) {
    static_assert(std::is_same_v<std::remove_const_t<T>, float> || std::is_same_v<std::remove_const_t<T>, double>);
  }
  std::string name;
  std::span<const std::byte> bytes;
  std::size_t width;  // bytes a value
};

// Writes FILE so that it is complete or absent even after a crash: temporary name, fsync, rename, fsync of the folder.
// The end marker and the checksum are the last bytes written. Throws as rethrow_for_a_trainer(); nothing half written
// stays.
void write_container(const std::filesystem::path& file, const std::string& kind, const nlohmann::json& header,
                     const std::vector<ArrayView>& arrays);

// What a trainer throws for a file that it cannot write. Error(needs_person) if the disk or the quota is full or a
// limit of the machine was met: that stops the run. SystemError, which blames no cell, for a folder that is gone or
// that cannot be written from here: another host may. The error itself if it is fatal. `file`: what was to be written.
[[noreturn]] void rethrow_for_a_trainer(const FileError& error, const std::filesystem::path& file);

struct Container {
  nlohmann::json header;
  struct Array {
    std::string name;
    std::vector<std::byte> bytes;
    std::size_t width;  // bytes a value
  };
  std::vector<Array> arrays;
  // Copies an array; T is float or double. Throws InputError if there is no array of that name, or it does not hold
  // out.size() values of type T.
  template <typename T>
  void copy(const std::string& name, std::span<T> out) const {
    const Array& a = find(name, out.size(), sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), a.bytes.data(), a.bytes.size());
  }
  // The whole array; the same errors, before memory is taken for it.
  template <typename T>
  std::vector<T> values(const std::string& name, std::int64_t size) const {
    find(name, static_cast<std::size_t>(size), sizeof(T));
    std::vector<T> out(static_cast<std::size_t>(size));
    copy(name, std::span(out));
    return out;
  }
  bool has(const std::string& name) const;
  // Throws InputError as copy() does; `width`: bytes a value.
  void require(const std::string& name, std::size_t size, std::size_t width) const { find(name, size, width); }

 private:
  const Array& find(const std::string& name, std::size_t size, std::size_t width) const;
};

// Throws InputError that names the problem: missing file or none that is regular, truncation, checksum, another kind of
// file, malformed header, more than 16 GiB. Memory goes to arrays that are in the file alone.
Container read_container(const std::filesystem::path& file, const std::string& kind);

// Writes all of `bytes` to FILE by temporary name, fsync and rename; errors as write_container.
void write_file_whole(const std::filesystem::path& file, const std::vector<std::span<const char>>& parts);

}  // namespace mtlgrid

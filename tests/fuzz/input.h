// What the targets have in common: an input as text or as a file, and what must hold of what was made of it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace mtlgrid::fuzz {

inline std::string text_of(const std::uint8_t* data, std::size_t size) { return {data, data + size}; }

// A file with these bytes in the driver's temporary folder; the next call with the same name replaces it. Removed
// first: ext4 flushes a file that is truncated and written again, which takes milliseconds.
inline std::filesystem::path as_file(const std::string& bytes, const std::string& name = "input") {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / name;
  std::filesystem::remove(file);
  std::ofstream(file, std::ios::binary) << bytes;
  return file;
}

// Ends the process, which the driver reports as a crash, unless it holds.
inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "expected: %s\n", what);
  std::abort();
}

}  // namespace mtlgrid::fuzz

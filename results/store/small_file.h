// Files beside a store, at whose names anything may be: a pipe, a folder, gigabytes, or JSON that is none of ours.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace mtlgrid {

// What was found at a path.
struct SmallFile {
  bool there = false;   // something has that name
  std::string bytes;    // all of them; empty where `trouble` says why they are not had
  std::string trouble;  // "is a folder", "is a pipe or device", "is 12345 bytes long", or the system's words
};
// Never waits, as for the writer of a pipe, and never reads more than `most` bytes. Links are followed.
SmallFile read_small_file(const std::filesystem::path& file, std::size_t most);

// A discarded value for what decode_json() refuses.
nlohmann::json parse_small_json(const std::string& text);

// Removes what a run is about to write, or what is of no use any more; nothing if it is not there. Throws
// Error(needs_person) if it is a folder, and FileError.
void remove_small_file(const std::filesystem::path& file);

}  // namespace mtlgrid

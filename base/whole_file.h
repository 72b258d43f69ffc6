// Files that are read as a whole: tables, configurations, lists.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace mtlgrid {

inline constexpr std::size_t kLongestFile = std::size_t{1} << 30;  // bytes; guessed: a thousand times the largest seen

// The bytes of a plain file. Throws InputError if there is none at `path`, or one of more than `most` bytes, saying
// what is `expected` ("a table"), and SystemError where the system refuses to read it.
std::string read_whole_file(const std::filesystem::path& path, const char* expected, std::size_t most = kLongestFile);

}  // namespace mtlgrid

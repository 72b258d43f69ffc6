// The end of a log file, for quoting in reports.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace mtlgrid {

inline constexpr int kLogLines = 20;  // lines quoted of a dead trainer's log

// The last `lines` lines of `file` from byte `start` on, read from its last 16 kB. Bytes that are not UTF-8 are
// replaced. Empty if the file cannot be read.
std::string tail_of(const std::filesystem::path& file, std::uintmax_t start, int lines);

}  // namespace mtlgrid

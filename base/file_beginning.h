// The first bytes of a file, by which its kind is told.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace mtlgrid {

// At most `bytes` of them, fewer where the file is shorter; empty if it cannot be read, whatever the reason.
std::string beginning_of(const std::filesystem::path& file, std::size_t bytes);

}  // namespace mtlgrid

// Files that are read once from their beginning to their end, in parts of one size.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>

namespace mtlgrid {

// Calls `visit` with the bytes of a plain file, 1 MiB at a time; the last part is shorter and not empty. A pipe is
// refused, not waited for. Throws InputError if there is no plain file, and SystemError where the system refuses to
// read it.
void visit_file_parts(const std::filesystem::path& file, const std::function<void(std::span<const std::byte>)>& visit);

}  // namespace mtlgrid

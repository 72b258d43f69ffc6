// Files that are read as a whole: tables, configurations, lists.
#pragma once

#include <filesystem>
#include <string>

namespace mtlgrid {

// The bytes of a plain file. Throws InputError if there is none at `path`, saying what is `expected` ("a table"), and
// SystemError where the system refuses to read it.
std::string read_whole_file(const std::filesystem::path& path, const char* expected);

}  // namespace mtlgrid

// The bytes of a table file as UTF-8 text.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {

// `bytes`, the whole content of a file, as UTF-8 without byte-order mark; UTF-16 with a mark is decoded, and a sentence
// in `inferences` says so. Throws InputError, naming what the file is and what to do, for files that are not text
// although they are named so: workbooks, archives, web pages, JSON, HDF5 and others; and for malformed UTF-16.
std::string as_utf8(std::string bytes, const std::filesystem::path& path, std::vector<std::string>& inferences);

// Adds one problem for all lines of `text` that are not UTF-8 and one for all that have a NUL byte: counts, rows, and
// how to convert the file.
void check_utf8(std::string_view text, const std::filesystem::path& path, Problems& problems);

}  // namespace mtlgrid

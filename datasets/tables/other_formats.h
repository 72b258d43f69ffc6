// Files that are not tables, told by their first bytes.
#pragma once

#include <filesystem>
#include <string_view>

namespace mtlgrid {

// Throws InputError for `bytes`, the whole content of `path`, if they are neither text nor a workbook that is read:
// old, binary and encrypted workbooks, other spreadsheets, Parquet and Feather (with the one line that converts the
// file), archives, web pages, JSON, HDF5 and others.
void refuse_other_formats(std::string_view bytes, const std::filesystem::path& path);

}  // namespace mtlgrid

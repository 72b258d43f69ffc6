// Reading one csv file into a table; read_table() calls it for .csv.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "datasets/table.h"

namespace mtlgrid {

// Parses `text`, the whole content of a csv file: comma, header row, quotes `"` (doubled inside), any line ending.
// `path` is only named in problems. Errors and rules as read_table's.
Table parse_csv(std::string_view text, const std::filesystem::path& path);

}  // namespace mtlgrid

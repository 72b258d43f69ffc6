// Parsing the text of one table; read_table() calls it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "datasets/tables/table.h"

namespace mtlgrid {

// Parses `text`, the whole content of a table: the dialect as find_dialect() finds it, a header row, quotes `"`
// (doubled inside), any line ending. `path` is only named in problems. Errors and rules as read_table's.
Table parse_csv(std::string_view text, const std::filesystem::path& path, const TableRules& rules = {});

}  // namespace mtlgrid

// A sheet of a workbook as a table; read_table() calls it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "datasets/tables/table.h"

namespace mtlgrid {

// Reads the sheet of that name of the workbook `bytes`, or the first one. `path` is only named in problems; row numbers
// are those that Excel shows. Cells are as the workbook keeps them (datasets/workbooks/workbook.h), otherwise the rules
// are those of text: rows without values are skipped, lines that begin with '#' above the header are comments, missing
// values, names of columns. Numbers are numbers: decimal commas are looked for in cells of text alone.
// Table::inferences says which sheet was read and which others there are, and what its cells do not show. Throws
// InputError, which names the sheets that are there, if there is none of that name; and for what is damaged or too
// large.
Table parse_workbook(std::string bytes, const std::filesystem::path& path, const std::optional<std::string>& sheet,
                     const TableRules& rules = {});

}  // namespace mtlgrid

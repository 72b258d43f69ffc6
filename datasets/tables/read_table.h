// Reading a table file: text of any common dialect, or a sheet of a workbook.
#pragma once

#include <filesystem>

#include "datasets/tables/table.h"

namespace mtlgrid {

// Reads `path`: a workbook in Office Open XML, whatever its suffix, of which "FILE#SHEET" names a sheet (table_file.h,
// sheet_table.h); or text in .csv, .tsv, .tab or .txt (letter case does not count), by its content: separator, decimal
// commas, comment lines above the header, UTF-8 or UTF-16 (dialect.h, decimals.h, encoding.h), quotes, short rows and
// row names (csv_rows.h, row_lengths.h); Table::inferences says what was inferred. Files of other formats are refused
// with advice (other_formats.h). Throws InputError with every problem, one line a cause: file missing, empty or a
// header alone, not text, not UTF-8 (with rows), a quote that is never closed, rows that do not fit the header, a
// separator that cannot be decided. Throws SystemError where the system refuses to read the file. Cells are not
// trimmed; a byte-order mark is accepted; blank lines and rows of empty cells are skipped. Columns without a name (as
// pandas writes its index) are accepted; so are names that occur twice (Table::column).
Table read_table(const std::filesystem::path& path, const TableRules& rules = {});

}  // namespace mtlgrid

// Reading a table file: text of any common dialect; xlsx later.
#pragma once

#include <filesystem>

#include "datasets/table.h"

namespace mtlgrid {

// Reads `path`, a table in .csv, .tsv or .txt (letter case does not count), by its content: separator, decimal commas,
// comment lines above the header, UTF-8 or UTF-16 (dialect.h, decimals.h, encoding.h); Table::inferences says what was
// inferred. Files of other formats are refused with the advice to save them as csv. Throws InputError with every
// problem, one line a cause: file missing, empty or a header alone, not text, not UTF-8 (with rows), malformed quotes,
// rows with more or fewer cells than the header, a separator that cannot be decided.
// Cells are not trimmed; a byte-order mark is accepted; blank lines are skipped. Columns without a name (as pandas
// writes its index) are accepted, and no search finds them; so are names that occur twice (Table::column).
Table read_table(const std::filesystem::path& path, const TableRules& rules = {});

}  // namespace mtlgrid

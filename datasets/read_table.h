// Reading a table file of any supported format; csv now, xlsx later.
#pragma once

#include <filesystem>

#include "datasets/table.h"

namespace mtlgrid {

// Reads `path` by its suffix: .csv; .xlsx is refused with the advice to save it as csv. Throws InputError with every
// problem: file missing, empty or a header alone, not UTF-8 (with the row), malformed quotes, duplicate column names,
// rows with more or fewer cells than the header.
// Cells are not trimmed; a byte-order mark is accepted; blank lines are skipped. Columns without a name (as pandas
// writes its index) are accepted, and no search finds them.
Table read_table(const std::filesystem::path& path);

}  // namespace mtlgrid

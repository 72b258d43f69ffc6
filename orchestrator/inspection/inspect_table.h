// Looking at a table.
#pragma once

#include <filesystem>

#include "orchestrator/inspection/inspection.h"

namespace mtlgrid {

// Rows, what was inferred from the content, and every column: how many values, how many different ones, numbers or
// text, examples. Wrong are a title above the header (likely_header_row()), names that several columns have, and texts
// that look like a missing value and are not read as one, beside values of the column: what plan would refuse where the
// column is used. Columns without values are a fact: nobody uses them. Throws InputError and
// SystemError as read_table() does.
Inspection inspect_table(const std::filesystem::path& file);

}  // namespace mtlgrid

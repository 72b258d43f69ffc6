// Tables as Excel workbooks.
#pragma once

#include <string>

#include "results/tables/paper_table.h"

namespace mtlgrid {

// The bytes of a workbook (.xlsx) with two sheets. `table`: the table as it is printed, for people; below each heading
// the value, the bounds of its interval, its stars and how many of how many cells, each in a cell of its own; those
// that the whole table lacks are left out. `values`: one row a value under kValueColumns, for programs. Numbers are
// numbers, of 16 digits; no text is a formula. The same table gives the same bytes. Throws Error(needs_person) where
// the system's temporary folder cannot be written.
std::string render_workbook(const PaperTable& table);

}  // namespace mtlgrid

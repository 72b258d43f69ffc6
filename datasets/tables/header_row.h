// Tables whose first row is a title, or one of several rows of names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "datasets/tables/table.h"

namespace mtlgrid {

// The position in Table::rows of the row that looks like the header where that which was read does not; nullopt where
// the header looks like one. It must have columns without a name that have values. The row is one of the first 20, none
// of its cells is a number or says that a value is missing, all are different, none occurs again below, and the cells
// below are of another kind: numbers, or with digits where the row's have none, or values that repeat. If the header
// has a name for at most half of the columns (a title), the row has more cells than the header and than every row above
// it, and one column of another kind is enough. Otherwise (groups above a second row of names) the header lacks at
// least two names, the row has them all, and all of its cells are told from those below. Looks at 1,000 rows.
std::optional<std::size_t> likely_header_row(const Table& table);

// "row 2 looks like the header: delete the row above it", for a line that names the table; where names of the header
// would be lost by that: "rows 1 and 2 look like one header: ...". "" if likely_header_row() finds none.
std::string likely_header_said(const Table& table);

}  // namespace mtlgrid

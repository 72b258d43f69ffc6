// Rows of a table that do not have as many cells as its header.
#pragma once

#include <string>
#include <vector>

#include "base/errors.h"
#include "datasets/tables/csv_rows.h"
#include "datasets/tables/table.h"

namespace mtlgrid {

// Checks the rows below the header against `table`'s columns; `sure_column` as in TableRules, may be empty. Read, with
// a sentence in Table::inferences:
// - rows with fewer cells than the header, as spreadsheets write them where the last cells are empty, if other rows
// have
//   as many as the header: what they lack at the end is missing;
// - rows that all have one cell more than the header, as R writes its row names: Table::columns gets a first column
//   without a name. Their first cells must be all different. Where the separator is not the tab and the header has
//   `sure_column`, they must be in quotes or ascending numbers, and the rows must not look like decimal commas.
// Everything else is a problem, one line a cause: more cells, notes between the rows, cells joined by quotes.
void fit_rows(const std::vector<RawRow>& rows, char separator, const std::string& sure_column, Table& table,
              Problems& problems);

}  // namespace mtlgrid

// Decimal commas, which tables have where the comma does not separate cells.
#pragma once

#include <vector>

#include "datasets/tables/table.h"

namespace mtlgrid {

// Cells that are numbers by their type, as workbooks have them: for each column a bit a row, of which those at the end
// that are false may be left out, and so may columns without a number.
using NumberCells = std::vector<std::vector<bool>>;

// Sets Table::decimals by the values of every column, and adds a sentence to Table::inferences if columns of numbers
// have decimal commas. A column has them if some value is a number with one comma (0,53) and none is one with a point.
// Where numbers can be read in two ways, `unclear` says why, with examples and rows: commas and points in one column,
// thousands separators (1.234,5), and values that may be either (1.234 or 1,234) while neither the column's other
// values nor the other columns nor `separator`, which is between the table's cells, tell. In a table of commas no
// column has decimal commas, and only points that may be between thousands are unclear. `numbers` are not looked at,
// but a column that has one with a fraction has no decimal commas and nothing unclear.
void find_decimals(Table& table, char separator, const NumberCells& numbers = {});

}  // namespace mtlgrid

// The expression of `run --only`.
#pragma once

#include <string>
#include <vector>

#include "base/cell.h"

namespace mtlgrid {

// The cells that `only` selects: comma-separated `key=value|value` terms over biomarker, auxiliary, method, fold and
// repeat; "" selects all. Throws InputError for unknown keys, and for values that no cell has, naming the known ones.
std::vector<Cell> select_cells(const std::vector<Cell>& cells, const std::string& only);

}  // namespace mtlgrid

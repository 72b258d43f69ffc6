// What rows of text and rows of a sheet have in common.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tables/table.h"

namespace mtlgrid {

// Appends to `row`, of `table`, a cell with this text: missing if is_missing() or one of `missing`, which
// Table::read_as_missing counts.
void append_cell(std::string&& text, const std::vector<std::string>& missing, Table& table, Table::Row& row);

// Whether one of `cells` is `name`, or has the same folded_name().
bool among(const std::vector<std::string>& cells, const std::string& name);

// `line` without '#' and blanks before its text.
std::string_view without_sign(std::string_view line);

}  // namespace mtlgrid

// Finding the columns of a table that are used, with advice where one is not found.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/errors.h"
#include "datasets/tables/table.h"

namespace mtlgrid {

// Position of a column (Table::column). A name that several columns have is a problem. So is a name that none has: the
// line lists the columns that are there and names the nearest, or the one that differs in blanks, letter case or quotes
// alone, as a configuration must write it. `advice`, if there is any, takes the place of
// the nearest: what is known better than from names. Where the header is a title and a row below has the name, the line
// says that.
std::optional<std::size_t> needed_column(const Table& table, const std::string& name, Problems& problems,
                                         const std::string& advice = "");
// The same for a column that may be absent.
std::optional<std::size_t> optional_column(const Table& table, const std::string& name, Problems& problems);

// The name by which Table::column() finds a column and which a configuration can have: folded_name() if the header's
// has characters that cannot be seen or typed, "Unnamed: 0" if the first has none. In quotes if a configuration needs
// them.
std::string name_to_write(const Table& table, std::size_t column);

// "column 'LF'", or "column 1, which has no name,": for messages.
std::string column_said(const Table& table, std::size_t column);

// Whether the numbers of a column can be read in one way only (Table::Decimals); otherwise a problem is added.
bool numbers_are_clear(const Table& table, std::size_t column, Problems& problems);

// "'a', 'b' and 40 more": the names of the columns that have one, at most 12.
std::string column_list(const Table& table);

}  // namespace mtlgrid

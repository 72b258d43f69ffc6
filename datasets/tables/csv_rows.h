// The rows of a table's text, divided into cells.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

struct RawRow {
  std::vector<std::string> cells;    // without the quotes around them
  std::size_t line = 1;              // in the file, from 1; whoever takes the rows counts
  bool quoted = false;               // begins with a quote
  bool unclosed = false;             // a quote is opened and never closed: the last cell has the rest of the text
  bool quotes_lines = false;         // a line ends within quotes
  bool quotes_separators = false;    // a separator stands within quotes
  std::optional<std::size_t> stray;  // the first cell with a quote that does not belong to a pair around the whole cell
};

// The row at the beginning of `text`, which is not empty and begins behind the row's ending afterwards: \n, \r\n or \r.
// Quotes as the C parser of pandas reads them: a quote that begins a cell opens text in which separators and line ends
// are characters and "" is a quote; a quote within a cell that does not begin with one is a character, and what follows
// a closing quote belongs to the cell: 5" deep is 5" deep, "NOS" type is NOS type. Never fails.
RawRow take_row(std::string_view& text, char separator);

}  // namespace mtlgrid

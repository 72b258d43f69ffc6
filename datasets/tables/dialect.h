// How a table's text is laid out: where its header begins, and what separates its cells.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

struct Dialect {
  char separator = ',';
  std::size_t header = 0;               // position of the header in the text
  std::size_t header_line = 1;          // its line, from 1
  bool header_signed = false;           // its first name begins with '#', which is not part of the name
  std::vector<std::string> comments;    // lines above the header that begin with '#', without endings
  std::vector<std::string> inferences;  // as Table::inferences; empty for commas and no comments
};

// `text`: UTF-8 without byte-order mark. Rules:
// - A first line `sep=X`, as Excel reads it, decides the separator X.
// - Lines above the header that begin with '#' are comments, as in cBioPortal's files. The last of them is the header
//   itself if it names `sure_column` (with or without the '#') and the line below it does not.
// - The separator is the comma, semicolon, tab or | by which the header has `sure_column` as one of several names. If
//   none has, it is the one by which the header has several names and the rows have as many cells; looked at: the first
//   1000 rows, quotes respected. If that holds for several, or clearly for none of several, InputError names them and
//   what was counted. A header of one name: the comma.
Dialect find_dialect(std::string_view text, const std::string& file, const std::string& sure_column);

// "commas", "semicolons", "tabs", "'|'": for messages.
std::string separator_name(char separator);

}  // namespace mtlgrid

// Tables of text cells, as pandas reads them with dtype=str.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

struct Table {
  std::filesystem::path path;
  std::vector<std::string> columns;  // as the header has them: names may be empty and may occur more than once
  // One optional cell a column; nullopt where pandas sees a missing value (empty, NA, NaN, null, ... exact matches) and
  // for the further spellings that the reader was told.
  struct Row {
    std::size_t line;  // first line of the row in the file, from 1, as an editor shows it
    std::vector<std::optional<std::string>> cells;
  };
  std::vector<Row> rows;
  std::vector<std::string> inferences;  // what was inferred from the content, one sentence each; empty for a plain csv

  std::size_t header_line = 1;                     // of the file, from 1
  std::vector<std::vector<std::string>> comments;  // cells of the lines above the header that begin with '#'
  // How the numbers of a column are written.
  struct Decimals {
    bool comma = false;   // with a decimal comma
    std::string unclear;  // why they can be read in two ways, a problem without file; empty where they cannot
  };
  std::vector<Decimals> decimals;  // one a column; empty: all with points
  // Cells with text that were read as missing values, by column: how many have which spelling.
  std::map<std::size_t, std::map<std::string, std::size_t>> read_as_missing;

  // Position of a column; nullopt if there is none. Names that occur twice are told apart as pandas does, where no
  // column has that name itself: X, X, X are also X.0, X.1 and X.2. X is the first; needed_column() (columns.h) refuses
  // it. The fourth column, without a name, is "Unnamed: 3". Otherwise the only one of the same folded_name() is found.
  std::optional<std::size_t> column(std::string_view name) const;
  // A cell of column `column` as a number: parse_number(), after a decimal comma became a point where the column has
  // them.
  std::optional<double> number(std::size_t column, std::string_view cell) const;
};

// What the reader of a table knows beside the file.
struct TableRules {
  std::vector<std::string> missing;  // further spellings of a missing value, beside pandas'
  // Name of a column that the table must have: it tells the separator, and the header from comments, where the content
  // alone does not. May be empty.
  std::string sure_column;
};

// Whether pandas' defaults take `cell` for a missing value.
bool is_missing(std::string_view cell);

// Text to number as Python's float() does, without '_' and with finite values only; nullopt otherwise.
std::optional<double> parse_number(std::string_view cell);

}  // namespace mtlgrid

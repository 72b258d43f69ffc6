// Tables of text cells, as pandas reads them with dtype=str.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

struct Table {
  std::filesystem::path path;
  std::vector<std::string> columns;
  // One optional cell a column; nullopt where pandas sees a missing value (empty, NA, NaN, null, ... exact matches).
  struct Row {
    std::size_t line;  // first line of the row in the file, from 1, as an editor shows it; the header is line 1
    std::vector<std::optional<std::string>> cells;
  };
  std::vector<Row> rows;
  std::vector<std::string> inferences;  // what was inferred from the content, one sentence each; empty for a plain csv

  // Position of a column; nullopt if there is none.
  std::optional<std::size_t> column(std::string_view name) const;
};

// Whether pandas' defaults take `cell` for a missing value.
bool is_missing(std::string_view cell);

// Text to number as Python's float() does, without '_' and with finite values only; nullopt otherwise.
std::optional<double> parse_number(std::string_view cell);

}  // namespace mtlgrid

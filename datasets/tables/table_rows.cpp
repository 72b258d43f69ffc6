#include "datasets/tables/table_rows.h"

#include <algorithm>
#include <utility>

#include "datasets/tables/folded_name.h"

namespace mtlgrid {

void append_cell(std::string&& text, const std::vector<std::string>& missing, Table& table, Table::Row& row) {
  if (!is_missing(text) && std::find(missing.begin(), missing.end(), text) == missing.end()) {
    row.cells.emplace_back(std::move(text));
    return;
  }
  if (!text.empty()) ++table.read_as_missing[row.cells.size()][text];
  row.cells.emplace_back(std::nullopt);
}

bool among(const std::vector<std::string>& cells, const std::string& name) {
  const auto same = [folded = folded_name(name)](const std::string& cell) { return folded_name(cell) == folded; };
  return std::find(cells.begin(), cells.end(), name) != cells.end() || std::any_of(cells.begin(), cells.end(), same);
}

std::string_view without_sign(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of("# "), line.size()));
}

}  // namespace mtlgrid

#include "datasets/tables/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "datasets/tables/folded_name.h"

namespace mtlgrid {
namespace {

// pandas.io.parsers' default missing values (2.x), sorted by bytes.
constexpr std::array<std::string_view, 19> kMissing = {
    "",     "#N/A", "#N/A N/A", "#NA",  "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A",  "NA",       "NULL", "NaN",     "None",     "n/a",  "nan",  "null"};

// What Python's float() strips, as far as it is ASCII.
constexpr std::string_view kSpace = " \t\n\r\f\v";

// pandas' names of `columns`: one without a name is called by its position from 0, "Unnamed: 3"; a name that occurs
// again gets the number of its occurrence, or the next one that makes a name that no column has.
std::vector<std::string> told_apart(const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  std::map<std::string_view, std::size_t> seen;
  std::set<std::string> taken(columns.begin(), columns.end());
  for (const std::string& column : columns) {
    std::size_t& number = seen[column];
    std::string name = column.empty() ? "Unnamed: " + std::to_string(names.size()) : column;
    while (!column.empty() && number > 0 && taken.contains(name)) name = column + "." + std::to_string(number++);
    if (column.empty() && taken.contains(name)) name.clear();
    number = std::max<std::size_t>(number, 1);
    taken.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

std::optional<std::size_t> Table::column(std::string_view name) const {
  if (name.empty()) return std::nullopt;
  const auto position = [&](const auto& names) -> std::optional<std::size_t> {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
  };
  if (const auto exact = position(columns)) return exact;
  if (const auto apart = position(told_apart(columns))) return apart;
  const std::string folded = folded_name(name);
  const auto same = [&](const std::string& column) { return !column.empty() && folded_name(column) == folded; };
  if (std::count_if(columns.begin(), columns.end(), same) == 1) {
    return static_cast<std::size_t>(std::find_if(columns.begin(), columns.end(), same) - columns.begin());
  }
  if (!name.ends_with(".0")) return std::nullopt;
  name.remove_suffix(2);
  if (std::count(columns.begin(), columns.end(), name) < 2) return std::nullopt;
  return static_cast<std::size_t>(std::find(columns.begin(), columns.end(), name) - columns.begin());
}

std::optional<double> Table::number(std::size_t column, std::string_view cell) const {
  if (decimals.empty() || !decimals[column].comma) return parse_number(cell);
  std::string pointed(cell);
  if (pointed.find('.') != std::string::npos) return std::nullopt;
  if (const auto comma = pointed.find(','); comma != std::string::npos) pointed[comma] = '.';
  return parse_number(pointed);
}

bool is_missing(std::string_view cell) { return std::find(kMissing.begin(), kMissing.end(), cell) != kMissing.end(); }

std::optional<double> parse_number(std::string_view cell) {
  const auto first = cell.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return std::nullopt;
  cell = cell.substr(first, cell.find_last_not_of(kSpace) - first + 1);
  const bool negative = cell.front() == '-';
  if (negative || cell.front() == '+') cell.remove_prefix(1);
  // from_chars also accepts a sign, "inf" and "nan": after the sign only a number may follow.
  if (cell.empty() || cell.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  if (cell.front() == '-' || cell.front() == '+') return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (end != cell.data() + cell.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Both 1e400 and 1e-400 get here. Python reads the first as inf (refused here) and the second as 0.
    value = std::strtod(std::string(cell).c_str(), nullptr);
  }
  if (!std::isfinite(value)) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace mtlgrid

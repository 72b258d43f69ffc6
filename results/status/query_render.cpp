#include "results/status/query_render.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace mtlgrid {
namespace {

bool looks_like_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.+-e%x") == std::string::npos &&
         text.find_first_of("0123456789") != std::string::npos;
}

// A column of numbers is aligned on the right.
bool column_of_numbers(const QueryResult& result, std::size_t column) {
  bool any = false;
  for (const auto& row : result.rows) {
    if (!row[column]) continue;
    if (!looks_like_number(*row[column])) return false;
    any = true;
  }
  return any;
}

std::string as_table(const QueryResult& result) {
  const std::size_t columns = result.columns.size();
  std::vector<std::vector<std::string>> lines(1);
  for (const std::string& name : result.columns) lines[0].push_back(printable(name));
  for (const auto& row : result.rows) {
    auto& line = lines.emplace_back();
    for (const auto& value : row) line.push_back(value ? printable(*value) : "-");
  }
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> right(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    for (const auto& line : lines) widths[i] = std::max(widths[i], width(line[i]));
    right[i] = column_of_numbers(result, i);
  }
  std::string out;
  for (std::size_t l = 0; l < lines.size(); ++l) {
    std::string text;
    for (std::size_t i = 0; i < columns; ++i)
      text.append(i ? "  " : "").append(padded(lines[l][i], widths[i], right[i] ? Alignment::right : Alignment::left));
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
    if (l > 0) continue;
    for (std::size_t i = 0; i < columns; ++i) out.append(i ? "  " : "").append(widths[i], '-');
    out += "\n";
  }
  return out;
}

// NULL is empty, an empty text "".
std::string csv_field(const std::optional<std::string>& value) {
  if (!value) return "";
  if (!value->empty() && value->find_first_of(",\"\r\n") == std::string::npos) return *value;
  std::string quoted = "\"";
  for (const char c : *value) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string as_csv(const QueryResult& result) {
  std::string out;
  for (std::size_t i = 0; i < result.columns.size(); ++i) out.append(i ? "," : "").append(csv_field(result.columns[i]));
  out += "\r\n";
  for (const auto& row : result.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out.append(i ? "," : "").append(csv_field(row[i]));
    out += "\r\n";
  }
  return out;
}

std::vector<std::string> distinct(const std::vector<std::string>& columns) {
  std::map<std::string, int> seen;
  std::vector<std::string> names;
  for (const std::string& column : columns) {
    const int n = ++seen[column];
    names.push_back(n == 1 ? column : column + "_" + std::to_string(n));
  }
  return names;
}

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Numbers are put in as they are, so that none loses a digit on the way through a parser.
std::string as_json(const QueryResult& result) {
  const std::vector<std::string> names = distinct(result.columns);
  const auto is_number = [&](std::size_t row, std::size_t column) {
    return row < result.number.size() && column < result.number[row].size() && result.number[row][column];
  };
  std::string out = "[";
  for (std::size_t r = 0; r < result.rows.size(); ++r) {
    out += r ? ",\n {" : "\n {";
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto& value = result.rows[r][i];
      out.append(i ? ", " : "").append(quoted(names[i])).append(": ");
      out += !value ? "null" : is_number(r, i) ? *value : quoted(*value);
    }
    out += "}";
  }
  return out + (result.rows.empty() ? "]\n" : "\n]\n");
}

}  // namespace

std::string render(const QueryResult& result, QueryFormat format) {
  switch (format) {
    case QueryFormat::csv:
      return as_csv(result);
    case QueryFormat::json:
      return as_json(result);
    case QueryFormat::table:
      break;
  }
  return as_table(result);
}

}  // namespace mtlgrid

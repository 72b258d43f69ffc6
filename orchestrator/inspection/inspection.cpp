#include "orchestrator/inspection/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "base/text.h"

namespace mtlgrid {
namespace {

using Json = nlohmann::ordered_json;

std::string value_text(const Json& value) {
  if (value.is_string()) return printable(value.get<std::string>());
  if (value.is_number_integer()) return with_separators(value.get<std::int64_t>());
  if (value.is_number()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "";
  std::string out;
  for (const Json& one : value) out += (out.empty() ? "" : ", ") + value_text(one);
  return out;
}

bool is_table(const Json& value) { return value.is_array() && !value.empty() && value.front().is_object(); }

std::string table_text(const Json& rows) {
  std::vector<std::vector<std::string>> lines(1);
  std::vector<std::size_t> widths;
  for (const auto& [key, value] : rows.front().items()) lines[0].push_back(key);
  for (const Json& row : rows) {
    lines.emplace_back();
    for (const auto& [key, value] : row.items()) lines.back().push_back(value_text(value));
  }
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text = "   ";
    for (std::size_t i = 0; i < line.size(); ++i) text += " " + padded(line[i], widths[i]) + " ";
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace

std::string inspection_text(const Inspection& inspection) {
  std::string out = fmt::format("{}: {}\n", printable(inspection.path.string()), inspection.kind);
  std::size_t widest = 0;
  for (const auto& [key, value] : inspection.facts.items())
    widest = is_table(value) ? widest : std::max(widest, key.size());
  for (const auto& [key, value] : inspection.facts.items()) {
    if (is_table(value)) {
      out += fmt::format("  {}\n{}", key, table_text(value));
    } else {
      out += fmt::format("  {:<{}}  {}\n", key, widest, value_text(value));
    }
  }
  for (const std::string& line : inspection.wrong) out += fmt::format("  WRONG  {}\n", printable(line));
  return out;
}

Json inspection_json(const Inspection& inspection) {
  return {{"path", printable(inspection.path.string())},
          {"kind", inspection.kind},
          {"right", inspection.wrong.empty()},
          {"wrong", inspection.wrong},
          {"facts", inspection.facts}};
}

}  // namespace mtlgrid

#include "base/quoting.h"

#include <algorithm>

#include "base/ascii.h"

namespace mtlgrid {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

std::size_t quote_end(std::string_view text, std::size_t begin) {
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] != '"') continue;
    if (i + 1 == text.size() || text[i + 1] != '"') return i + 1;
    ++i;
  }
  return std::string_view::npos;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string quoted_if_needed(std::string_view text) {
  if (text.empty()) return in_quotes(text);
  bool needed = is_blank(text.front()) || is_blank(text.back()) || text.front() == '"' ||
                text.find_first_of(",:") != std::string_view::npos;
  for (std::size_t i = 0; i < text.size() && !needed; ++i) {
    needed = (text[i] == '#' || text[i] == ';') && (i == 0 || is_blank(text[i - 1]));
  }
  return needed ? in_quotes(text) : std::string(text);
}

std::optional<std::string> unquoted(std::string_view value) {
  if (value.empty() || value.front() != '"') return std::string(value);
  if (quote_end(value, 0) != value.size()) return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    out += value[i];
    if (value[i] == '"') ++i;
  }
  return out;
}

std::vector<std::string> split_outside_quotes(std::string_view text, char separator) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  bool may_open = true;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && may_open) {
      const std::size_t end = quote_end(text, i);
      i = std::min(end, text.size()) - 1;
      may_open = false;
      continue;
    }
    if (text[i] == separator) {
      parts.push_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    }
    may_open = text[i] == ',' || text[i] == ':' || (may_open && is_blank(text[i]));
  }
  parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

}  // namespace mtlgrid

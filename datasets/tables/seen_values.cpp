#include "datasets/tables/seen_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/ascii.h"
#include "base/quoting.h"
#include "base/text.h"
#include "datasets/tables/table.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kRows = 3;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

template <typename Wanted>
std::string only(std::string_view text, Wanted&& wanted) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), wanted);
  return out;
}

// Signs that tell classes apart: "HER2+" and "HER2-", "<10" and ">10".
std::string signs(std::string_view text) {
  std::string out = only(text, [](char c) { return std::string_view("+<>=!~").find(c) != std::string_view::npos; });
  const bool minus = text.starts_with('-') || text.ends_with('-') || text.find("(-)") != std::string_view::npos;
  return out + (minus ? "-" : "");
}

}  // namespace

void SeenValues::add(const std::string& value, std::size_t row) {
  const auto [entry, first] = index_.emplace(value, values_.size());
  if (first) values_.push_back({value, 0, {}});
  SeenValue& seen = values_[entry->second];
  ++seen.count;
  const auto at = std::lower_bound(seen.rows.begin(), seen.rows.end(), row);
  if (at == seen.rows.end() || *at != row) seen.rows.insert(at, row);  // one row may have it in several columns
  if (seen.rows.size() > kRows) seen.rows.pop_back();
}

std::size_t SeenValues::total() const {
  return std::accumulate(values_.begin(), values_.end(), std::size_t{0},
                         [](std::size_t sum, const SeenValue& v) { return sum + v.count; });
}

std::vector<SeenValue> SeenValues::sorted() const {
  std::vector<SeenValue> out = values_;
  std::stable_sort(out.begin(), out.end(), [](const SeenValue& a, const SeenValue& b) {
    return a.count != b.count ? a.count > b.count : a.rows.front() < b.rows.front();
  });
  return out;
}

std::string listed(const std::vector<SeenValue>& values, const std::string& noun, std::size_t most) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(values.size(), most); ++i) {
    const SeenValue& v = values[i];
    const std::string value = printable(v.value);
    const std::string rows = fmt::format("row{} {}{}", v.count > 1 ? "s" : "", fmt::join(v.rows, ", "),
                                         v.count > v.rows.size() ? ", ..." : "");
    parts.push_back(v.count > 1
                        ? fmt::format("'{}' ({}, {})", value, counted(static_cast<std::int64_t>(v.count), noun), rows)
                        : fmt::format("'{}' ({})", value, rows));
  }
  const std::size_t more = values.size() - parts.size();
  const std::string rest = more > 0 ? fmt::format(" and {} more value{}", more, more > 1 ? "s" : "") : "";
  return fmt::format("{}{}", fmt::join(parts, ", "), rest);
}

std::string keyboard_text(std::string_view value) {
  std::string text(value);
  for (const char* dash : {"\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212"}) {
    replace_all(text, dash, "-");
  }
  replace_all(text, "\u00a0", " ");
  return text;
}

std::string spelling_difference(std::string_view a, std::string_view b) {
  const auto x = parse_number(a), y = parse_number(b);
  if (x && y) return *x == *y && a != b ? "in how the number is written" : "";
  const std::string one = keyboard_text(a), other = keyboard_text(b);
  const std::string word = lower_ascii(only(one, is_of_word));
  if (a == b || word.empty() || word != lower_ascii(only(other, is_of_word)) || signs(one) != signs(other)) return "";
  const auto no_blank = [](char c) { return !is_blank(c); };
  const auto no_sign = [](char c) { return is_of_word(c) || is_blank(c); };
  if (lower_ascii(one) == lower_ascii(other)) return one == other ? "in the kind of a blank or dash" : "in letter case";
  if (only(one, no_blank) == only(other, no_blank)) return "in blanks";
  if (only(one, no_sign) == only(other, no_sign)) return "in punctuation";
  return "in letter case, blanks or punctuation";
}

std::string config_list(const std::vector<std::string>& values, std::size_t most) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(values.size(), most); ++i) out.push_back(quoted_if_needed(values[i]));
  return printable(fmt::format("{}{}", fmt::join(out, ", "), values.size() > most ? ", ..." : ""));
}

}  // namespace mtlgrid

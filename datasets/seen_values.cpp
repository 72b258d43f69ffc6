#include "datasets/seen_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/ascii.h"
#include "base/quoting.h"
#include "base/text.h"
#include "datasets/table.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kRows = 3;

// What is written for a missing or unknown value, in lower case and without blanks and punctuation; sorted.
constexpr std::array<std::string_view, 50> kMissingWords = {"ambiguous",
                                                            "blank",
                                                            "cannotbedetermined",
                                                            "discrepancy",
                                                            "empty",
                                                            "equivocal",
                                                            "inconclusive",
                                                            "indeterminate",
                                                            "insufficient",
                                                            "missing",
                                                            "missingdata",
                                                            "missingvalue",
                                                            "na",
                                                            "nan",
                                                            "nd",
                                                            "nil",
                                                            "nodata",
                                                            "none",
                                                            "noresult",
                                                            "notapplicable",
                                                            "notassessed",
                                                            "notavailable",
                                                            "notclassified",
                                                            "notcollected",
                                                            "notdetermined",
                                                            "notdone",
                                                            "notevaluated",
                                                            "notknown",
                                                            "notmeasured",
                                                            "notperformed",
                                                            "notprovided",
                                                            "notrecorded",
                                                            "notreported",
                                                            "notsequenced",
                                                            "nottested",
                                                            "novalue",
                                                            "null",
                                                            "pending",
                                                            "qns",
                                                            "quantitynotsufficient",
                                                            "tbd",
                                                            "unavailable",
                                                            "uncertain",
                                                            "unclassified",
                                                            "unclear",
                                                            "undetermined",
                                                            "unk",
                                                            "unknown",
                                                            "unspecified",
                                                            "untested"};
// Numbers that stand for a missing value.
constexpr std::array<std::string_view, 7> kMissingCodes = {"-9", "-99", "-999", "-9999", "-99999", "999", "9999"};
// Cells of spreadsheets that could not be computed.
constexpr std::array<std::string_view, 7> kSheetErrors = {"#VALUE!", "#REF!", "#DIV/0!", "#NAME?",
                                                          "#NULL!",  "#NUM!", "#N/A"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) { return is_digit(c) || is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// The dashes and the blank that text processors write become those of a keyboard.
std::string plain(std::string_view value) {
  std::string text(value);
  for (const char* dash : {"\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212"}) {
    replace_all(text, dash, "-");
  }
  replace_all(text, "\u00a0", " ");
  return text;
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
  seen.rows.insert(std::upper_bound(seen.rows.begin(), seen.rows.end(), row), row);
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

bool looks_missing(std::string_view value) {
  const std::string text = plain(value);
  for (const std::string_view error : kSheetErrors) {
    if (text == error || text == "=" + std::string(error)) return true;
  }
  if (std::find(kMissingCodes.begin(), kMissingCodes.end(), text) != kMissingCodes.end()) return true;
  const std::string word = lower_ascii(only(text, is_word));
  if (word.empty()) return text.empty() || text.find_first_not_of('+') != std::string::npos;
  return std::binary_search(kMissingWords.begin(), kMissingWords.end(), std::string_view(word));
}

std::string spelling_difference(std::string_view a, std::string_view b) {
  const auto x = parse_number(a), y = parse_number(b);
  if (x && y) return *x == *y && a != b ? "in how the number is written" : "";
  const std::string one = plain(a), other = plain(b);
  const std::string word = lower_ascii(only(one, is_word));
  if (a == b || word.empty() || word != lower_ascii(only(other, is_word)) || signs(one) != signs(other)) return "";
  const auto no_blank = [](char c) { return !is_blank(c); };
  const auto no_sign = [](char c) { return is_word(c) || is_blank(c); };
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

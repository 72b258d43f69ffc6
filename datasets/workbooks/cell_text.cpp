#include "datasets/workbooks/cell_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace mtlgrid {
namespace {

constexpr std::string_view kSpace = " \t\n\r\f\v";

bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A whole number that is written whole keeps every digit, also beyond what a double has.
std::string whole(std::string_view figures, bool negative) {
  figures.remove_prefix(std::min(figures.find_first_not_of('0'), figures.size()));
  if (figures.empty()) return "0";
  return (negative ? "-" : "") + std::string(figures);
}

}  // namespace

std::optional<CellNumber> cell_number(std::string_view stored) {
  const auto first = stored.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return std::nullopt;
  stored = stored.substr(first, stored.find_last_not_of(kSpace) - first + 1);
  const bool negative = stored.front() == '-';
  if (negative || stored.front() == '+') stored.remove_prefix(1);
  if (stored.empty() || stored.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  if (stored.front() == '-' || stored.front() == '+') return std::nullopt;
  CellNumber number;
  const auto [end, error] = std::from_chars(stored.data(), stored.data() + stored.size(), number.value);
  if (end != stored.data() + stored.size() || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) number.value = std::strtod(std::string(stored).c_str(), nullptr);
  if (!std::isfinite(number.value)) return std::nullopt;
  if (negative) number.value = -number.value;
  if (digits(stored)) {
    number.text = whole(stored, negative);
  } else if (number.value == std::trunc(number.value)) {
    number.text = number.value == 0 ? "0" : fmt::format("{:.0f}", number.value);
  } else {
    number.text = fmt::format("{}", number.value);
  }
  return number;
}

}  // namespace mtlgrid

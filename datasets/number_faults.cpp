#include "datasets/number_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "datasets/table.h"

namespace mtlgrid {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string without(std::string text, std::string_view characters) {
  std::erase_if(text, [&](char c) { return characters.find(c) != std::string_view::npos; });
  return text;
}

bool starts_as_bound(std::string_view text) {
  for (const char* sign : {"<", ">", "~", "\u2264", "\u2265", "\u2248", "ca."}) {
    if (text.starts_with(sign)) return true;
  }
  return false;
}

// A number with one comma and at least one digit besides.
bool comma_number(std::string text) {
  if (std::count(text.begin(), text.end(), ',') != 1 || has(text, ".")) return false;
  std::replace(text.begin(), text.end(), ',', '.');
  return parse_number(text).has_value();
}

// Three digits and no more after each of the separators, as in "1,234,567.8"; not "0,530".
bool grouped(std::string_view text) {
  const auto first = text.find_first_of(", ");
  if (first == std::string_view::npos || first == 0 || text.front() == '0') return false;
  for (auto at = first; at != std::string_view::npos; at = text.find_first_of(", ", at + 1)) {
    const std::string_view digits = text.substr(at + 1, text.find_first_of(",. ", at + 1) - at - 1);
    if (digits.size() != 3) return false;
  }
  return true;
}

// "1e999".
bool beyond_double(const std::string& text) {
  const auto exponent = text.find('e');
  return exponent != std::string::npos && parse_number(text.substr(0, exponent)) &&
         parse_number(text.substr(exponent + 1));
}

// The longest number at the beginning leaves letters.
bool number_and_unit(const std::string& text) {
  const auto end = text.find_first_not_of("0123456789.,+-");
  return end != std::string::npos && end > 0 && parse_number(without(text.substr(0, end), ",")).has_value();
}

// What is wrong, and what to do; `missing` is "write missing = ... in [cohort.A]".
std::string explained(NumberFault fault, std::size_t cells, const std::string& list, const std::string& missing) {
  const std::string are = cells == 1 ? "cell is not a number" : "cells are not numbers";
  const std::string have = cells == 1 ? "cell has" : "cells have";
  switch (fault) {
    case NumberFault::missing:
      return fmt::format("{} {}: {}; if this means a missing value, {}", cells, are, list, missing);
    case NumberFault::comma:
      return fmt::format("{} {} a decimal comma: {}; write decimal points", cells, have, list);
    case NumberFault::thousands:
      return fmt::format("{} {} a decimal comma or a separator of thousands: {}; write 1234.5", cells, have, list);
    case NumberFault::percent:
      return fmt::format(
          "{} {} a percent sign: {}; write all values of the column as fractions, or all as percent, "
          "without the sign and alike in all cohorts",
          cells, have, list);
    case NumberFault::bound:
      return fmt::format("{} {} a bound instead of a number: {}; write a number, or leave these patients out: {}",
                         cells, have, list, missing);
    case NumberFault::not_finite:
      return fmt::format("{} not finite: {}; write a finite number, or leave these patients out: {}",
                         cells == 1 ? "1 cell is" : fmt::format("{} cells are", cells), list, missing);
    case NumberFault::unit:
      return fmt::format("{} {} text after the number: {}; write the number alone, in the same unit in all cohorts",
                         cells, have, list);
    case NumberFault::other:
      break;
  }
  return fmt::format("{} {}: {}; correct {}, or, if {} a missing value, {}", cells, are, list,
                     cells == 1 ? "it" : "them", cells == 1 ? "it means" : "they mean", missing);
}

}  // namespace

NumberFault number_fault(const std::string& cell) {
  const std::string text = lower_ascii(without(cell, " \t\r\n"));
  if (text.find_first_of("0123456789") == std::string::npos) {
    const std::string word = without(text, "+-");
    if (word == "inf" || word == "infinity") return NumberFault::not_finite;
    return looks_missing(cell) ? NumberFault::missing : NumberFault::other;
  }
  if (starts_as_bound(text)) return NumberFault::bound;
  if (text.ends_with('%') && (parse_number(text.substr(0, text.size() - 1)) || has(text, ","))) {
    return NumberFault::percent;
  }
  const auto first = cell.find_first_not_of(" \t"), last = cell.find_last_not_of(" \t");
  if (grouped(cell.substr(first, last - first + 1)) && parse_number(without(text, ","))) return NumberFault::thousands;
  if (comma_number(text)) return NumberFault::comma;
  if (beyond_double(text)) return NumberFault::not_finite;
  if (looks_missing(cell)) return NumberFault::missing;
  return number_and_unit(text) ? NumberFault::unit : NumberFault::other;
}

void NumberFaults::report(const Cohort& cohort, const std::string& column, bool configured, Problems& problems) const {
  for (const auto& [fault, values] : faults_) {
    const auto sorted = values.sorted();
    std::vector<std::string> spellings = cohort.files.missing;
    for (const SeenValue& v : sorted) spellings.push_back(v.value);
    const std::string missing =
        configured ? fmt::format("write missing = {} in [cohort.{}]", config_list(spellings), cohort.files.name)
                   : "leave the cells empty";
    problems.add(fmt::format("{}, column '{}': {}", cohort.clini.path.string(), column,
                             explained(fault, values.total(), listed(sorted, "time"), missing)));
  }
}

}  // namespace mtlgrid

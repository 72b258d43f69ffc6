#include "datasets/cohorts/number_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "datasets/tables/looks_missing.h"
#include "datasets/tables/table.h"

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

// Three digits and no more after each of the separators, as in "1,234,567.8" or "1'234"; not "0,530".
bool grouped(std::string_view text) {
  const auto first = text.find_first_of(", '");
  if (first == std::string_view::npos || first == 0 || text.front() == '0') return false;
  for (auto at = first; at != std::string_view::npos; at = text.find_first_of(", '", at + 1)) {
    const std::string_view digits = text.substr(at + 1, text.find_first_of(",. '", at + 1) - at - 1);
    if (digits.size() != 3) return false;
  }
  return true;
}

// With the minus, the apostrophe and the blanks of a keyboard.
std::string keyboard_number(const std::string& cell) {
  std::string text = keyboard_text(cell);
  const std::vector<std::pair<std::string_view, std::string_view>> signs = {
      {"\u202f", " "}, {"\u2009", " "}, {"\u2007", " "}, {"\u200b", ""},
      {"\ufeff", ""},  {"\u2019", "'"}, {"\u00b4", "'"}};
  for (const auto& [from, to] : signs) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at))
      text.replace(at, from.size(), to);
  }
  return text;
}

// The number in "'0.5", "=0.5" or "=\"0.5\""; the text itself where it is none of these.
std::string spreadsheet_text(const std::string& text) {
  std::string inner = text;
  if (inner.starts_with('=')) inner.erase(0, 1);
  if (inner.starts_with('\'')) inner.erase(0, 1);
  if (inner.size() > 1 && (inner.front() == '"' || inner.front() == '\'') && inner.back() == inner.front()) {
    inner = inner.substr(1, inner.size() - 2);
  } else if (text.starts_with('\'') && inner.ends_with('\'')) {
    inner.pop_back();
  }
  return inner;
}

bool is_truth(const std::string& text) { return text == "true" || text == "false" || text == "yes" || text == "no"; }

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

// What is wrong, and what to do; `leave_out` is what to write so that these patients are left out.
std::string explained(NumberFault fault, std::size_t cells, const std::string& list, const std::string& leave_out) {
  const std::string are = cells == 1 ? "cell is not a number" : "cells are not numbers";
  const std::string have = cells == 1 ? "cell has" : "cells have";
  switch (fault) {
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
                         cells, have, list, leave_out);
    case NumberFault::not_finite:
      return fmt::format("{} not finite: {}; write a finite number, or leave these patients out: {}",
                         cells == 1 ? "1 cell is" : fmt::format("{} cells are", cells), list, leave_out);
    case NumberFault::unit:
      return fmt::format("{} {} text after the number: {}; write the number alone, in the same unit in all cohorts",
                         cells, have, list);
    case NumberFault::truth:
      return fmt::format("{} {} true or false instead of a number: {}; write 1 and 0 in all cohorts", cells, have,
                         list);
    case NumberFault::character:
      return fmt::format(
          "{} {} a number with a minus or a blank that is not the keyboard's: {}; write '-' for minus, and no blank",
          cells, have, list);
    case NumberFault::as_text:
      return fmt::format("{} {} a number that a spreadsheet keeps as text: {}; write the number alone, without ' and =",
                         cells, have, list);
    case NumberFault::missing:
    case NumberFault::other:
      break;
  }
  return fmt::format("{} {}: {}; correct {}, or, if {} a missing value, {}", cells, are, list,
                     cells == 1 ? "it" : "them", cells == 1 ? "it means" : "they mean", leave_out);
}

}  // namespace

NumberFault number_fault(const std::string& cell) {
  const std::string keyboard = keyboard_number(cell), text = lower_ascii(without(keyboard, " \t\r\n"));
  if (text.find_first_of("0123456789") == std::string::npos) {
    const std::string word = without(text, "+-");
    if (word == "inf" || word == "infinity") return NumberFault::not_finite;
    if (is_truth(text)) return NumberFault::truth;
    return looks_missing(cell) ? NumberFault::missing : NumberFault::other;
  }
  if (starts_as_bound(text)) return NumberFault::bound;
  if (text.ends_with('%') && (parse_number(text.substr(0, text.size() - 1)) || has(text, ","))) {
    return NumberFault::percent;
  }
  const auto first = keyboard.find_first_not_of(" \t"), last = keyboard.find_last_not_of(" \t");
  const std::string trimmed = keyboard.substr(first, last - first + 1);
  if (grouped(without(trimmed, "+-")) && parse_number(without(text, ",'"))) return NumberFault::thousands;
  if (keyboard != cell && (parse_number(trimmed) || comma_number(trimmed))) return NumberFault::character;
  if (comma_number(text)) return NumberFault::comma;
  if (beyond_double(text)) return NumberFault::not_finite;
  if (const std::string inner = spreadsheet_text(text); inner != text && (parse_number(inner) || comma_number(inner))) {
    return NumberFault::as_text;
  }
  if (looks_missing(cell)) return NumberFault::missing;
  return number_and_unit(text) ? NumberFault::unit : NumberFault::other;
}

void NumberFaults::report(const Cohort& cohort, const std::string& column, Problems& problems) const {
  for (const auto& [fault, values] : faults_) {
    const auto sorted = values.sorted();
    std::vector<std::string> spellings;
    for (const SeenValue& v : sorted) spellings.push_back(v.value);
    const std::string leave_out = cohort.files.by_options ? how_to_read_as_missing(cohort, spellings)
                                                          : fmt::format("add {} to missing in [cohort.{}]",
                                                                        config_list(spellings), cohort.files.name);
    problems.add(fmt::format("{}, column '{}': {}", cohort.clini.path.string(), column,
                             explained(fault, values.total(), listed(sorted, "time"), leave_out)));
  }
}

}  // namespace mtlgrid

#include "orchestrator/config/section_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/ascii.h"
#include "base/nearest.h"
#include "base/quoting.h"
#include "datasets/tables/table.h"

namespace mtlgrid {
namespace {

template <typename T>
std::optional<T> whole_number(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

SectionReader::SectionReader(const IniFile& file, const IniSection* section, std::string name, Problems& problems)
    : file_(file), section_(section), name_(std::move(name)), problems_(problems) {}

const IniEntry* SectionReader::find(const std::string& key) {
  known_.push_back(key);
  if (section_ == nullptr) return nullptr;
  const auto& entries = section_->entries;
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const IniEntry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

void SectionReader::problem(const std::string& key, const std::string& what) {
  const IniEntry* entry = find(key);
  const std::size_t line = entry != nullptr ? entry->line : section_ != nullptr ? section_->line : 0;
  const std::string where = line == 0 ? file_.path : fmt::format("{}, line {}", file_.path, line);
  problems_.add(fmt::format("{}: [{}] {}: {}", where, name_, key, what));
}

// The value with its quotes.
std::optional<std::string> SectionReader::raw(const std::string& key) {
  const IniEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->value.empty()) {
    problem(key, "has no value");
    return std::nullopt;
  }
  return entry->value;
}

// `text` without its quotes; a problem if something follows them.
std::optional<std::string> SectionReader::plain(const std::string& key, const std::string& text) {
  auto value = unquoted(text);
  if (!value) problem(key, fmt::format("{}: text follows the closing quote; a quote within is written twice", text));
  return value;
}

std::optional<std::string> SectionReader::text(const std::string& key) {
  const auto given = raw(key);
  auto value = given ? plain(key, *given) : std::nullopt;
  if (!value || !value->empty()) return value;
  problem(key, "has no value");
  return std::nullopt;
}

std::string SectionReader::required(const std::string& key) {
  if (find(key) == nullptr) problem(key, "is missing");
  return text(key).value_or("");
}

// The elements of a list with their quotes; none is empty.
std::vector<std::string> SectionReader::elements(const std::string& key, bool needed) {
  if (needed && find(key) == nullptr) problem(key, "is missing");
  const auto given = raw(key);
  if (!given) return {};
  std::vector<std::string> all = split_outside_quotes(*given, ',');
  const auto empty = [](const std::string& element) { return element.empty() || element == "\"\""; };
  if (std::any_of(all.begin(), all.end(), empty)) problem(key, fmt::format("'{}' has an empty element", *given));
  std::erase_if(all, empty);
  return all;
}

std::vector<std::string> SectionReader::list(const std::string& key, bool needed) {
  std::vector<std::string> values;
  for (const std::string& element : elements(key, needed)) {
    const auto value = plain(key, element);
    if (!value) continue;
    if (std::find(values.begin(), values.end(), *value) != values.end()) {
      problem(key, fmt::format("'{}' is listed twice", *value));
    } else {
      values.push_back(*value);
    }
  }
  return values;
}

std::vector<std::pair<std::string, std::string>> SectionReader::named_list(const std::string& key, bool needed) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const std::string& element : elements(key, needed)) {
    const std::size_t name_end = element.front() == '"' ? quote_end(element, 0) : 0;
    const std::size_t colon = element.find(':', std::min(name_end, element.size()));  // a column's name may have others
    const bool apart = colon != std::string::npos;
    const auto name = plain(key, trimmed(element.substr(0, colon)));
    const auto text = apart ? plain(key, trimmed(element.substr(colon + 1))) : name;
    if (name && text) values.emplace_back(*name, *text);
  }
  return values;
}

void SectionReader::read(const std::string& key, std::string& value) {
  if (const auto given = text(key)) value = *given;
}

void SectionReader::read(const std::string& key, int& value, int low, int high) {
  const auto given = text(key);
  if (!given) return;
  const auto number = whole_number<int>(*given);
  if (number && *number >= low && *number <= high) {
    value = *number;
  } else {
    problem(key, fmt::format("'{}' is not a whole number from {} to {}", *given, low, high));
  }
}

void SectionReader::read(const std::string& key, std::uint64_t& value, std::uint64_t high) {
  const auto given = text(key);
  if (!given) return;
  const auto number = whole_number<std::uint64_t>(*given);
  if (number && *number <= high) {
    value = *number;
  } else {
    problem(key, fmt::format("'{}' is not a whole number from 0 to {}", *given, high));
  }
}

void SectionReader::read(const std::string& key, double& value, double low, double high, bool open_low,
                         bool open_high) {
  const auto given = text(key);
  if (!given) return;
  const auto number = parse_number(*given);
  if (!number) return problem(key, fmt::format("'{}' is not a number", *given));
  const bool above = open_low ? *number > low : *number >= low;
  const bool below = open_high ? *number < high : *number <= high;
  if (above && below) {
    value = *number;
  } else if (std::isinf(high)) {
    problem(key, fmt::format("{} is not {} {}", *given, open_low ? "above" : "at least", low));
  } else {
    problem(key,
            fmt::format("{} is not in {}{}, {}{}", *given, open_low ? '(' : '[', low, high, open_high ? ')' : ']'));
  }
}

void SectionReader::read(const std::string& key, bool& value) {
  const auto given = text(key);
  if (!given) return;
  if (*given == "yes" || *given == "true") {
    value = true;
  } else if (*given == "no" || *given == "false") {
    value = false;
  } else {
    problem(key, fmt::format("'{}' is neither yes nor no", *given));
  }
}

void SectionReader::choose(const std::string& key, std::string& value, const std::vector<std::string>& choices) {
  const auto given = text(key);
  if (!given) return;
  if (std::find(choices.begin(), choices.end(), *given) != choices.end()) {
    value = *given;
  } else {
    problem(key, fmt::format("'{}' is not one of {}", *given, fmt::join(choices, ", ")));
  }
}

void SectionReader::finish() {
  if (section_ == nullptr) return;
  std::vector<std::string> known = known_;
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (const IniEntry& entry : section_->entries) {
    if (std::binary_search(known.begin(), known.end(), entry.key)) continue;
    problems_.add(fmt::format("{}, line {}: [{}]: unknown key '{}'{}", file_.path, entry.line, name_, entry.key,
                              did_you_mean(entry.key, known)));
  }
}

}  // namespace mtlgrid

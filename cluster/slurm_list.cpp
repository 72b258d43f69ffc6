#include "cluster/slurm_list.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace mtlgrid {
namespace {

struct Entry {
  int value = 0, nodes = 1;
};

// Takes the first entry off `list`; nullopt if it is malformed.
std::optional<Entry> take_entry(std::string_view& list) {
  std::string_view text = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), text.size() + 1));
  const auto bracket = text.find("(x");
  Entry entry;
  if (bracket != std::string_view::npos) {
    if (text.back() != ')') return std::nullopt;
    entry.nodes = whole_number(text.substr(bracket + 2, text.size() - bracket - 3)).value_or(0);
  }
  const auto value = whole_number(text.substr(0, bracket));
  if (!value || entry.nodes < 1) return std::nullopt;
  entry.value = *value;
  return entry;
}

}  // namespace

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> slurm_entry(std::string_view list, int node) {
  while (!list.empty()) {
    const auto entry = take_entry(list);
    if (!entry) return std::nullopt;
    if (node < entry->nodes) return entry->value;
    node -= entry->nodes;
  }
  return std::nullopt;
}

std::optional<int> largest_slurm_entry(std::string_view list) {
  std::optional<int> largest;
  while (!list.empty()) {
    const auto entry = take_entry(list);
    if (!entry) return std::nullopt;
    largest = std::max(entry->value, largest.value_or(entry->value));
  }
  return largest;
}

}  // namespace mtlgrid

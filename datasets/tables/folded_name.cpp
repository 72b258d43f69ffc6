#include "datasets/tables/folded_name.h"

#include <array>
#include <cstddef>

namespace mtlgrid {
namespace {

// Zero-width space, non-joiner and joiner; word joiner; byte-order mark; soft hyphen.
constexpr std::array<std::string_view, 6> kWithoutWidth = {"\u200B", "\u200C", "\u200D", "\u2060", "\uFEFF", "\u00AD"};
constexpr std::array<std::string_view, 2> kBreaks = {"\u2028", "\u2029"};  // line and paragraph separator

// Length of the first of `words` that `text` begins with; 0 if there is none.
template <std::size_t N>
std::size_t begins_with(std::string_view text, const std::array<std::string_view, N>& words) {
  for (const std::string_view word : words) {
    if (text.starts_with(word)) return word.size();
  }
  return 0;
}

}  // namespace

std::string folded_name(std::string_view name) {
  std::string folded;
  bool blank = false, breaks = false;  // of the run of blanks before the next character
  while (!name.empty()) {
    if (const std::size_t none = begins_with(name, kWithoutWidth)) {
      name.remove_prefix(none);
      continue;
    }
    const std::size_t line_end = begins_with(name, kBreaks);
    const char c = name.front();
    if (line_end > 0 || std::string_view(" \t\r\n\f\v").find(c) != std::string_view::npos) {
      blank = true;
      breaks = breaks || (line_end > 0 || (c != ' ' && c != '\t'));
    } else {
      if (blank && !(breaks && folded.empty())) folded += ' ';
      blank = breaks = false;
      folded += c;
    }
    name.remove_prefix(line_end > 0 ? line_end : 1);
  }
  if (blank && !breaks) folded += ' ';
  return folded;
}

}  // namespace mtlgrid

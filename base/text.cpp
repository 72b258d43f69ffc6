#include "base/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <utf8.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <utility>

namespace mtlgrid {
namespace {

// Characters that act on a terminal, reorder what it shows or cannot be seen.
bool hostile(std::uint32_t c) {
  static constexpr std::pair<std::uint32_t, std::uint32_t> kRanges[] = {
      {0, 0x1f},            // C0
      {0x7f, 0x9f},         // DEL, C1
      {0xad, 0xad},         // soft hyphen
      {0x61c, 0x61c},       // Arabic letter mark
      {0x200b, 0x200f},     // zero width, direction marks
      {0x2028, 0x202e},     // line and paragraph ends, direction overrides
      {0x2060, 0x206f},     // invisible operators, direction isolates
      {0xfeff, 0xfeff},     // byte order mark
      {0xfff9, 0xfffb},     // annotations
      {0xe0000, 0xe007f}};  // tags
  return std::any_of(std::begin(kRanges), std::end(kRanges),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

std::string escape(std::uint32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  return c < 0x100     ? fmt::format("\\x{:02x}", c)
         : c < 0x10000 ? fmt::format("\\u{:04x}", c)
                       : fmt::format("\\U{:08x}", c);
}

std::string escaped(std::string_view text, bool lines) {
  std::string out;
  out.reserve(text.size());
  for (auto at = text.begin(); at != text.end();) {
    const auto begin = at;
    std::uint32_t c = 0;
    try {
      c = utf8::next(at, text.end());
    } catch (const utf8::exception&) {
      at = begin + 1;
      out += escape(static_cast<unsigned char>(*begin));
      continue;
    }
    const bool line_end = c == '\n' || (c == '\r' && at != text.end() && *at == '\n');
    if (hostile(c) && !(lines && line_end)) {
      out += escape(c);
    } else {
      out.append(begin, at);
    }
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return escaped(text, false); }

std::string printable_lines(std::string_view text) { return escaped(text, true); }

std::size_t width(std::string_view printable_text) {
  return static_cast<std::size_t>(utf8::unchecked::distance(printable_text.begin(), printable_text.end()));
}

std::string cut_to(std::string_view printable_text, std::size_t columns) {
  if (width(printable_text) <= columns) return std::string(printable_text);
  if (columns == 0) return "";
  auto end = printable_text.begin();
  utf8::unchecked::advance(end, columns - 1);
  return std::string(printable_text.begin(), end) + "…";
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string padded(std::string_view printable_text, std::size_t columns, Alignment alignment) {
  const std::size_t used = width(printable_text);
  const std::string space(columns > used ? columns - used : 0, ' ');
  std::string text(printable_text);
  return alignment == Alignment::right ? space + text : text + space;
}

std::string counted(std::int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string count_item(std::int64_t number, std::string_view state) {
  return number == 0 ? "" : fmt::format(", {} {}", number, state);
}

std::string with_separators(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::ptrdiff_t first = number < 0 ? 2 : 1;  // no comma before the first digit
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at >= first; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, kUnits[unit]);
}

std::string estimated_duration(double seconds) {
  if (seconds < 1) return "under 1 s";
  const auto s = static_cast<long long>(std::ceil(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
}

std::string spoken_duration(double seconds) {
  const auto s = static_cast<long long>(std::llround(std::clamp(seconds, 0.0, 1e15)));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

std::string spoken_time(double seconds) {
  constexpr double kYear9999 = 253402300799;
  if (!(seconds >= 0 && seconds <= kYear9999)) return "?";
  return fmt::format("{:%F %T}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

}  // namespace mtlgrid

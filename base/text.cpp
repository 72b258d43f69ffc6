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

template <std::size_t N>
bool in(const std::pair<std::uint32_t, std::uint32_t> (&ranges)[N], std::uint32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

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
  return in(kRanges, c);
}

// Columns of one code point on a terminal.
std::size_t columns_of(std::uint32_t c) {
  static constexpr std::pair<std::uint32_t, std::uint32_t> kCombining[] = {
      {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
      {0x6d6, 0x6dc},   {0x93c, 0x93c},   {0x941, 0x948},   {0x94d, 0x94d},   {0xe31, 0xe31},
      {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0x1160, 0x11ff}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
      {0x20d0, 0x20ff}, {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
  static constexpr std::pair<std::uint32_t, std::uint32_t> kWide[] = {
      {0x1100, 0x115f}, {0x231a, 0x231b},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},  {0x4e00, 0x9fff},
      {0xa000, 0xa4cf}, {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},  {0xff00, 0xff60},
      {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
  if (c < 0x300) return 1;
  return in(kCombining, c) ? 0 : in(kWide, c) ? 2 : 1;
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
  std::size_t columns = 0;
  for (auto at = printable_text.begin(); at != printable_text.end();) columns += columns_of(utf8::unchecked::next(at));
  return columns;
}

std::string cut_to(std::string_view printable_text, std::size_t columns) {
  if (width(printable_text) <= columns) return std::string(printable_text);
  if (columns == 0) return "";
  auto end = printable_text.begin();
  std::size_t used = 0;
  for (auto at = end;; end = at) {
    used += columns_of(utf8::unchecked::next(at));
    if (used + 1 > columns) break;  // the … takes one
  }
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

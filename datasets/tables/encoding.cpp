#include "datasets/tables/encoding.h"

#include <fmt/format.h>
#include <utf8.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string_view>

#include "base/causes.h"
#include "datasets/tables/lines.h"
#include "datasets/tables/other_formats.h"

namespace mtlgrid {
namespace {

std::string from_utf16(std::string_view bytes, bool big_endian, const std::string& file) {
  if (bytes.size() % 2 != 0) throw InputError(file + ": UTF-16 text with half a character at its end, truncated?");
  std::u16string units;
  units.reserve(bytes.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
    units += static_cast<char16_t>(big_endian ? first << 8 | second : second << 8 | first);
  }
  std::string text;
  try {
    utf8::utf16to8(units.begin(), units.end(), std::back_inserter(text));
  } catch (const utf8::exception&) {
    throw InputError(file + ": malformed UTF-16 text; save it again as csv (UTF-8)");
  }
  return text;
}

// UTF-16 of Latin letters without a mark has a NUL in every second byte.
bool looks_like_utf16(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 100);
  return static_cast<std::size_t>(std::count(start.begin(), start.end(), '\0')) * 5 > start.size() * 2;
}

// The first byte of `line` that does not begin a character of UTF-8, and what it is in Windows-1252.
std::string bad_byte(std::string_view line) {
  const auto at = utf8::find_invalid(line.begin(), line.end());
  const auto byte = static_cast<unsigned char>(*at);
  if (byte < 0xA0) return fmt::format("byte 0x{:02X}", byte);
  std::string letter;
  utf8::append(static_cast<char32_t>(byte), std::back_inserter(letter));
  return fmt::format("byte 0x{:02X}, '{}' in Windows-1252,", byte, letter);
}

}  // namespace

std::string as_utf8(std::string bytes, const std::filesystem::path& path, std::vector<std::string>& inferences) {
  const std::string file = path.string();
  const bool little = bytes.starts_with("\xFF\xFE"), big = bytes.starts_with("\xFE\xFF");
  if (little || big) {
    std::string text = from_utf16(std::string_view(bytes).substr(2), big, file);
    refuse_other_formats(text, path);
    inferences.push_back("the text is UTF-16, as its byte-order mark says (Excel's 'Unicode text')");
    return text;
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  refuse_other_formats(bytes, path);
  if (looks_like_utf16(bytes)) {
    throw InputError(file + ": seems to be UTF-16 text without a byte-order mark; save it again as csv (UTF-8)");
  }
  return bytes;
}

void check_utf8(std::string_view text, const std::filesystem::path& path, Problems& problems) {
  Causes causes;
  for (std::size_t row = 1; !text.empty(); ++row) {
    const std::string_view line = take_line(text);
    if (!utf8::is_valid(line.begin(), line.end())) {
      causes.add("is not UTF-8 text", fmt::format("{} in row {}", bad_byte(line), row),
                 "save it again as csv UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW");
    } else if (line.find('\0') != std::string_view::npos) {
      causes.add("has NUL bytes, expected text", fmt::format("row {}", row), "is the file damaged?");
    }
  }
  causes.report(path.string(), problems);
}

}  // namespace mtlgrid

#include "datasets/tables/encoding.h"

#include <fmt/format.h>
#include <utf8.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string_view>

#include "base/causes.h"
#include "datasets/tables/lines.h"

namespace mtlgrid {
namespace {

constexpr const char* kSaveAsCsv = "open it in the program that made it and save the table as csv (UTF-8)";

// What begins like this is not a table of text.
struct Format {
  std::string_view start;
  const char *name, *advice;
};
constexpr Format kFormats[] = {{"PK\x03\x04", "a zip archive", "unpack it first"},
                               {"\xD0\xCF\x11\xE0", "an old Excel workbook (.xls)", "save the sheet as csv (UTF-8)"},
                               {"\x1F\x8B", "compressed with gzip", "unpack it first (gunzip)"},
                               {"BZh", "compressed with bzip2", "unpack it first (bunzip2)"},
                               {"\xFD"
                                "7zXZ",
                                "compressed with xz", "unpack it first (unxz)"},
                               {"\x89HDF", "an HDF5 file", "tables are text: name the clinical or slide table"},
                               {"%PDF", "a PDF document", kSaveAsCsv},
                               {"PAR1", "a Parquet file", kSaveAsCsv},
                               {"SQLite format 3", "a SQLite database", kSaveAsCsv},
                               {"{\\rtf", "an RTF document", kSaveAsCsv}};

// Text that begins like this (after white space, in small letters) is not a table.
constexpr Format kMarkup[] = {{"<!doctype", "a web page", "download the table itself, as csv or tsv"},
                              {"<html", "a web page", "download the table itself, as csv or tsv"},
                              {"<table", "a web page", "download the table itself, as csv or tsv"},
                              {"<?xml", "an XML document", kSaveAsCsv},
                              {"{\"", "a JSON document", "download the table as csv or tsv"},
                              {"[{", "a JSON document", "download the table as csv or tsv"}};

// The beginning of the text without white space, in small letters.
std::string beginning(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 400)) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

void refuse_other_formats(std::string_view bytes, const std::string& file) {
  const auto refuse = [&](const char* name, const char* advice) {
    throw InputError(fmt::format("{}: is {}, not a table of text; {}", file, name, advice));
  };
  for (const Format& format : kFormats) {
    const bool letters =
        std::all_of(format.start.begin(), format.start.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
    // A header may begin with the same letters.
    if (!bytes.starts_with(format.start) || (letters && bytes.substr(0, 4096).find('\0') == std::string_view::npos)) {
      continue;
    }
    // The names of an archive's members are in its directory, uncompressed.
    if (format.start == "PK\x03\x04") {
      if (bytes.find("xl/workbook") != std::string_view::npos) {
        refuse("an Excel workbook (.xlsx)", "save the sheet as csv (UTF-8)");
      }
      if (bytes.find("opendocument.spreadsheet") != std::string_view::npos) {
        refuse("an OpenDocument spreadsheet (.ods)", "save the sheet as csv (UTF-8)");
      }
    }
    refuse(format.name, format.advice);
  }
  const std::string start = beginning(bytes);
  for (const Format& format : kMarkup) {
    if (start.starts_with(format.start)) refuse(format.name, format.advice);
  }
}

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
    refuse_other_formats(text, file);
    inferences.push_back("the text is UTF-16, as its byte-order mark says (Excel's 'Unicode text')");
    return text;
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  refuse_other_formats(bytes, file);
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

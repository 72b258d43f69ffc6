// Reader of INI files that remembers line numbers, so that every error names its line.
//
// Boost's readers are not used: property_tree stops at the first error, keeps no line numbers and
// does not support comments after a value; program_options does not notice duplicate sections.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {

struct IniEntry {
  std::string key, value;  // trimmed, without comment; the value may be empty, and keeps its quotes (base/quoting.h)
  std::size_t line;        // from 1
};

struct IniSection {
  std::string name;  // the text between the brackets, trimmed
  std::size_t line;
  std::vector<IniEntry> entries;  // in file order, keys unique
};

struct IniFile {
  std::string path;                  // the name used in messages
  std::vector<IniSection> sections;  // in file order, names unique
  // The section of that name; nullptr if the file does not have it.
  const IniSection* section(std::string_view name) const;
};

// Grammar, line by line: `[section]`, `key = value`, blank. '#' and ';' begin a comment at the start of a line or after
// white space, but not within quotes: `"` opens a quote as the first character of a value, or as the first one after a
// comma or a colon and blanks; the next `"` that is not doubled closes it. A byte-order mark is accepted (as in
// tables). Adds to `problems`, with file and line: every other line, entries before the first section, duplicate
// sections or keys, quotes that are not closed, and bytes that are not UTF-8.
IniFile parse_ini(std::string_view text, const std::string& path, Problems& problems);

// Reads and parses a file; no file, or a folder, is a problem too. Throws SystemError as read_whole_file() does.
IniFile read_ini(const std::filesystem::path& file, Problems& problems);

}  // namespace mtlgrid

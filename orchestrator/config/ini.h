// Reader of INI files that remembers where everything stood, so that every error names its line.
//
// Boost's readers are not used: property_tree stops at the first error, keeps no line numbers of values and knows no
// comments after a value; program_options' config files know no such thing as a duplicate section.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace mtlgrid {

struct IniEntry {
  std::string key, value;  // trimmed, without comment; the value may be empty
  std::size_t line;        // from 1
};

struct IniSection {
  std::string name;  // what stands between the brackets, trimmed
  std::size_t line;
  std::vector<IniEntry> entries;  // in file order, keys unique
};

struct IniFile {
  std::string path;                  // as it is called in messages
  std::vector<IniSection> sections;  // in file order, names unique
  // The section of that name; nullptr if there is none.
  const IniSection* section(std::string_view name) const;
};

// Grammar, line by line: `[section]`, `key = value`, blank. '#' and ';' begin a comment at the start of a line or after
// white space. A byte-order mark is accepted (as in tables). Adds to `problems`, each with file and line: lines that
// are none of these, entries before the first section, duplicate sections or keys, bytes that are no UTF-8.
IniFile parse_ini(std::string_view text, const std::string& path, Problems& problems);

// Reads and parses a file; that it cannot be read is a problem too.
IniFile read_ini(const std::filesystem::path& file, Problems& problems);

}  // namespace mtlgrid

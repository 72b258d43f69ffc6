// Typed reading of one section of a configuration, collecting problems.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/config/ini.h"

namespace mtlgrid {

// Splits at commas and trims; an empty text has no elements. Quotes are characters like others: for expressions of
// names, which have no commas.
std::vector<std::string> split_commas(const std::string& text);

// Every call names a key and so makes it known; `finish` reports the keys of the section that no call named. An absent
// section has no keys. An invalid value adds a problem "FILE, line L: [section] key: what, expected" and leaves
// the destination unchanged.
class SectionReader {
 public:
  // `section` may be nullptr (absent); messages use `name`. All arguments except `name` must outlive the reader.
  SectionReader(const IniFile& file, const IniSection* section, std::string name, Problems& problems);

  // The value of `key`, without quotes if it is quoted; nullopt where the key is absent. A value that is empty, or is
  // not quoted as a whole, is a problem and counts as absent.
  std::optional<std::string> text(const std::string& key);
  // The same; an absent key is a problem and gives "".
  std::string required(const std::string& key);
  // A list: elements trimmed, then without quotes; empty elements and duplicates are problems. Absent: no elements, a
  // problem if `needed`.
  std::vector<std::string> list(const std::string& key, bool needed = false);
  // A list whose elements may be `NAME: TEXT`, each part with quotes of its own: NAME and TEXT, either of which may
  // be empty; they are the same where there is no colon outside quotes. Problems as list()'s, but for duplicates.
  std::vector<std::pair<std::string, std::string>> named_list(const std::string& key, bool needed = false);

  void read(const std::string& key, std::string& value);
  void read(const std::string& key, int& value, int low, int high);
  void read(const std::string& key, std::uint64_t& value, std::uint64_t high);
  // `open_low`, `open_high`: whether the bound itself is excluded.
  void read(const std::string& key, double& value, double low, double high, bool open_low = false,
            bool open_high = false);
  void read(const std::string& key, bool& value);  // yes, no, true, false
  void choose(const std::string& key, std::string& value, const std::vector<std::string>& choices);

  // Adds a problem about `key`, with its line.
  void problem(const std::string& key, const std::string& what);
  void finish();

 private:
  const IniEntry* find(const std::string& key);
  std::optional<std::string> raw(const std::string& key);
  std::optional<std::string> plain(const std::string& key, const std::string& text);
  std::vector<std::string> elements(const std::string& key, bool needed);
  const IniFile& file_;
  const IniSection* section_;
  std::string name_;
  Problems& problems_;
  std::vector<std::string> known_;
};

}  // namespace mtlgrid

// Ways in which two names of the same thing are written differently, for messages about joins. Nothing is joined by
// them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

// Names of patients, or of files (with folders, by '/').
enum class NameKind { patients, files };

// Two names differ in this way alone if they have the same key. An empty key equals nothing.
struct NameForm {
  std::string difference;  // "upper and lower case"
  std::string advice;      // what to write instead
  std::function<std::string(const std::string&)> key;
};

// The nearest first: each changes one thing. The last one changes several.
std::vector<NameForm> name_forms(NameKind kind);

// The name without its last suffix where that is one of files: ".h5", ".svs", ...; for FILENAMEs and slides.
std::string without_file_suffix(const std::string& name);

// Whether the character after a common beginning (or before a common end) of two names begins another part of the name:
// TCGA-AA-1000 is the beginning of TCGA-AA-1000-01Z in this sense, and not of TCGA-AA-10001.
bool separates(char c);

}  // namespace mtlgrid

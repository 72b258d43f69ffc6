// Letters and blanks of ASCII, whatever the locale: what tables, configurations and messages compare names by.
#pragma once

#include <string>
#include <string_view>

namespace mtlgrid {

// `text` with A to Z in lower case; every other byte stays.
std::string lower_ascii(std::string text);
// `text` without the spaces and tabs at its ends.
std::string trimmed(std::string_view text);

}  // namespace mtlgrid

// Characters of ASCII, whatever the locale: what tables, configurations and messages compare names by.
#pragma once

#include <string>
#include <string_view>

namespace mtlgrid {

// `text` with A to Z in lower case; every other byte stays.
std::string lower_ascii(std::string text);
// `text` without the spaces and tabs at its ends.
std::string trimmed(std::string_view text);

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// Of a word: a letter, a digit, or a byte of a character beyond ASCII.
inline bool is_of_word(char c) { return is_digit(c) || is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

}  // namespace mtlgrid

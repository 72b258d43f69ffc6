// Text in quotes, as configurations and lists on the command line have it: "..." in which nothing is special but "",
// a quote.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mtlgrid {

// Position behind the closing quote of the quoted text that begins at `text[begin]`, which is a quote; npos if it is
// never closed.
std::size_t quote_end(std::string_view text, std::size_t begin);

// `text` in quotes: a "b" -> "a ""b""".
std::string in_quotes(std::string_view text);
// `text` as a value or an element of a list must be written: in quotes if it begins or ends with a blank, begins with a
// quote, or has a comma, a colon or the beginning of a comment (# or ; at its start or after a blank) in it.
std::string quoted_if_needed(std::string_view text);

// The text that one value says: what is in the quotes if it begins with one, otherwise the value itself. nullopt if the
// quotes are not closed, or if anything follows them. `value` has no blanks around it.
std::optional<std::string> unquoted(std::string_view value);

// Splits at every `separator` outside quotes and trims blanks (spaces, tabs); quotes are kept. A quote opens only where
// it is the first character of the text or the first one that is not blank after a comma or a colon. An empty text has
// no elements.
std::vector<std::string> split_outside_quotes(std::string_view text, char separator);

}  // namespace mtlgrid

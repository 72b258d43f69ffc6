// Text for people: foreign text made safe to print, and numbers, sizes, counts and times in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mtlgrid {

// Text from outside the program (labels, file names, causes) as one line: control characters, direction overrides,
// invisible characters and bytes that are not UTF-8 are escaped (\n, \t, \x1b, \u202e), so that a name can neither act
// on a terminal nor look like another. A backslash in the text is kept as it is.
std::string printable(std::string_view text);
// The same for text of several lines: line ends are kept.
std::string printable_lines(std::string_view text);

// Columns on a terminal of text that is printable: two for East Asian wide characters and emoji, none for combining
// marks, one for every other code point (Unicode 15, UAX #11, by blocks; the locale does not matter).
std::size_t width(std::string_view printable_text);
// At most `columns` wide; the end of what is longer is replaced by "…".
std::string cut_to(std::string_view printable_text, std::size_t columns);
// At least `columns` wide: spaces are added after the text, or before it (`right`).
enum class Alignment { left, right };
std::string padded(std::string_view printable_text, std::size_t columns, Alignment alignment = Alignment::left);

// One word for a shell, whatever it contains: 'it'\''s'. Not printable by itself.
std::string shell_quoted(std::string_view text);

// "1 cell", "3 cells": `noun` in the singular, of those whose plural ends in s.
std::string counted(std::int64_t number, std::string_view noun);
// An item of a list of counts, ", 3 failed"; empty if there are none.
std::string count_item(std::int64_t number, std::string_view state);
// "1,234,567".
std::string with_separators(std::int64_t number);
// "999 B", "1.2 kB", "340 GB": powers of 1000, three digits or fewer.
std::string bytes_text(double bytes);

// Time that has passed or is left, to the nearest second: "47 s", "3 min 20 s", "5 h 12 min", "2 d 3 h".
std::string spoken_duration(double seconds);
// A duration that was estimated, rounded up, in hours at most, as walltimes are: "under 1 s", "12 s", "3 min 05 s",
// "52 h 30 min".
std::string estimated_duration(double seconds);
// "2026-11-27 06:52:30", UTC, of seconds since 1970; "?" for a number that is not such a time (NaN).
std::string spoken_time(double seconds);

}  // namespace mtlgrid

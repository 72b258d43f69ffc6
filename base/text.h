// Text of other people (labels, file names, causes) made safe to print.
#pragma once

#include <string>
#include <string_view>

namespace mtlgrid {

// One line: control characters, direction overrides, invisible characters and bytes that are no UTF-8 are escaped (\n,
// \t, \x1b, \u202e), so that a name can neither act on a terminal nor look like another. A backslash of the text stays
// one.
std::string printable(std::string_view text);
// The same for text of several lines, whose ends stay.
std::string printable_lines(std::string_view text);

// Columns on a terminal of text that is printable: code points, which is right for all but combining and East Asian
// wide characters.
std::size_t width(std::string_view printable_text);
// At most `columns` wide; the end of what is longer gives way to "…".
std::string cut_to(std::string_view printable_text, std::size_t columns);

// One word for a shell, whatever it holds: 'it'\''s'. Not printable by itself.
std::string shell_quoted(std::string_view text);

// "47 s", "3 min 20 s", "5 h 12 min", "2 d 3 h".
std::string spoken_duration(double seconds);
// "2026-11-27 06:52:30", UTC, of seconds since 1970; "?" for what is no such time (NaN).
std::string spoken_time(double seconds);

}  // namespace mtlgrid

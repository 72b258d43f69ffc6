// The two standard outputs of a program: what it tells people (stderr), and the result it was asked for (stdout).
//
// Text for people that cannot be written is lost, and nothing else changes: no program exists to tell. A result that
// cannot be written is a failed command.
#pragma once

#include <exception>
#include <string_view>

namespace mtlgrid {

// To be called first in main. Standard files that were closed when the program started are opened on /dev/null, so
// that no lock, journal or database gets their numbers; stdout only for reading, so that a result is still refused.
// Writing into a pipe that nobody reads, and a file beyond `ulimit -f`, become errors instead of signals that end the
// process.
void prepare_standard_files();

// Text for people, to stderr. Never throws and sets no error: a full disk, a closed pipe and a terminal that is gone
// lose the text, or its end. Waits a tenth of a second at most for a pipe or terminal that takes nothing (a pager that
// waits, Ctrl-S). Any thread.
void tell(std::string_view text) noexcept;
// One message, or several lines: made printable (base/text.h), and ended.
void tell_line(std::string_view line) noexcept;
// A message about something that happens while a command works: tell_line with the time before it, on the local clock.
// A log gets the date too, a terminal the time alone: "12:03:55 grid 1 in grid.db: ...".
void tell_message(std::string_view line) noexcept;

// The reader of stdout, a pipe, has gone (`| head`): there is nobody to tell, and nothing to do but to end.
class ReaderGone : public std::exception {
 public:
  const char* what() const noexcept override { return "standard output: nobody reads the pipe any more"; }
};

// A result, or a part of it, to stdout, unbuffered. Waits for a slow reader. Throws ReaderGone, or Error(needs_person)
// if it cannot be written whole (disk or quota full, stdout closed); a part of it may have been written then.
void put_result(std::string_view text);

}  // namespace mtlgrid

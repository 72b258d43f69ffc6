// The lines of a text.
#pragma once

#include <string_view>

namespace mtlgrid {

// Removes the next line, ending included, from `text` and returns it: \n, \r\n or \r.
inline std::string_view take_line(std::string_view& text) {
  std::size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) {
    end = text.size();
  } else {
    end += text.substr(end, 2) == "\r\n" ? 2 : 1;
  }
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  return line;
}

// The line without its ending.
inline std::string_view without_ending(std::string_view line) {
  const auto end = line.find_last_not_of("\r\n");
  return line.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

}  // namespace mtlgrid

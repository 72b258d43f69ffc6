#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace mtlgrid {

std::optional<TerminalSize> terminal_size(int file) {
  const char* kind = std::getenv("TERM");
  if (isatty(file) != 1 || (kind != nullptr && std::string_view(kind) == "dumb")) return std::nullopt;
  winsize found = {};
  if (ioctl(file, TIOCGWINSZ, &found) != 0 || found.ws_col == 0 || found.ws_row == 0) return TerminalSize{};
  return TerminalSize{found.ws_col, found.ws_row};
}

}  // namespace mtlgrid

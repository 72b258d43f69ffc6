// The terminal that a standard file is connected to.
#pragma once

#include <optional>

namespace mtlgrid {

struct TerminalSize {
  int columns = 80, rows = 24;
};

// Its size now, 80 x 24 where it does not say; nullopt if `file` is not a terminal, or one that cannot redraw
// (TERM=dumb).
std::optional<TerminalSize> terminal_size(int file);

}  // namespace mtlgrid

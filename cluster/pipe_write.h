// Writing to the pipe of a trainer process without blocking.
#pragma once

#include <sys/types.h>

#include <string_view>

namespace mtlgrid {

// Writes what fits of `bytes` to the non-blocking pipe `fd`. Returns the number of bytes written, 0 if the pipe is
// full, -1 if its reader has closed it. Raises no SIGPIPE.
ssize_t write_some(int fd, std::string_view bytes);

}  // namespace mtlgrid

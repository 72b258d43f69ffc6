#include "base/read_at.h"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>

namespace mtlgrid {

std::size_t read_at(int file, std::uint64_t offset, std::span<std::byte> out, int& error) {
  error = 0;
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t got = ::pread(file, out.data() + have, out.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

}  // namespace mtlgrid

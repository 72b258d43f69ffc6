#include "base/file_parts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/read_at.h"
#include "base/system_error.h"

namespace mtlgrid {

void visit_file_parts(const std::filesystem::path& file, const std::function<void(std::span<const std::byte>)>& visit) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!in && errno == ENOENT) throw InputError(file.string() + ": no such file");
  if (!in || ::fstat(in.get(), &status) != 0) throw system_error(file, errno);
  if (!S_ISREG(status.st_mode)) throw InputError(file.string() + ": not a file");
  std::vector<std::byte> bytes(std::size_t{1} << 20);
  for (std::uint64_t offset = 0;; offset += bytes.size()) {
    int error = 0;
    const std::size_t have = read_at(in.get(), offset, bytes, error);
    if (error != 0) throw system_error(file, error);
    if (have > 0) visit(std::span(bytes).first(have));
    if (have < bytes.size()) return;
  }
}

}  // namespace mtlgrid

#include "base/whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/system_error.h"

namespace mtlgrid {

std::string read_whole_file(const std::filesystem::path& path, const char* expected, std::size_t most) {
  constexpr std::size_t kPart = 1 << 16;  // bytes read at once
  const auto refuse = [&](const std::string& what) {
    return InputError(path.string() + ": " + what + ", expected " + expected);
  };
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const int number = errno;
    std::error_code error;
    if (number == ELOOP || (number == ENOENT && std::filesystem::is_symlink(path, error))) {
      throw refuse("a link to no file");
    }
    if (number != ENOENT && number != ENOTDIR && number != ENAMETOOLONG) throw system_error(path, number);
    throw refuse("no such file");
  }
  if (!S_ISREG(status.st_mode)) throw refuse(S_ISDIR(status.st_mode) ? "is a folder" : "not a file");
  // It may have been replaced meanwhile: a pipe that nobody writes is neither waited for nor read.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.get() < 0) throw system_error(path, errno);
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) throw refuse("not a file");
  const auto require_at_most = [&](std::uint64_t size) {
    if (size > most) throw refuse(fmt::format("is longer than {} MiB", most >> 20));
  };
  require_at_most(static_cast<std::uint64_t>(status.st_size));
  std::string text, part(kPart, '\0');
  for (;;) {
    require_at_most(text.size());  // it may be growing
    const ssize_t size = ::read(file.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw system_error(path, errno);
    if (size == 0) return text;
    text.append(part, 0, static_cast<std::size_t>(size));
  }
}

}  // namespace mtlgrid

#include "results/store/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/decode.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/files.h"

namespace mtlgrid {
namespace {

// Reads at most `most` bytes; what was had if the file ends before.
std::string read_bytes(const FileDescriptor& in, std::size_t most) {
  std::string bytes(most, '\0');
  std::size_t have = 0;
  while (have < most) {
    const ssize_t got = ::read(in.get(), bytes.data() + have, most - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

SmallFile read_small_file(const std::filesystem::path& file, std::size_t most) {
  SmallFile found;
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const int error = errno;
  struct stat facts = {};
  if (!in) {
    found.there = ::lstat(file.c_str(), &facts) == 0 || (errno != ENOENT && errno != ENOTDIR);
    if (found.there) found.trouble = error == ENOENT || error == ELOOP ? "is a link to no file" : std::strerror(error);
    return found;
  }
  found.there = true;
  if (::fstat(in.get(), &facts) != 0) {
    found.trouble = std::strerror(errno);
  } else if (!S_ISREG(facts.st_mode)) {
    found.trouble = S_ISDIR(facts.st_mode) ? "is a folder" : "is a pipe or device";
  } else if (static_cast<std::uint64_t>(facts.st_size) > most) {
    found.trouble = "is " + std::to_string(facts.st_size) + " bytes long";
  } else {
    found.bytes = read_bytes(in, static_cast<std::size_t>(facts.st_size));
  }
  return found;
}

nlohmann::json parse_small_json(const std::string& text) {
  return decode_json_if_valid(text, kSmallFileLimits).value_or(nlohmann::json::value_t::discarded);
}

void remove_small_file(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return;
  const int error = errno;
  struct stat facts = {};
  if (::lstat(file.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) {
    throw Error(ErrorKind::needs_person, file.string() +
                                             ": is a folder in the place of a file of the store; move it "
                                             "elsewhere");
  }
  throw FileError(file, "cannot be removed", error);
}

}  // namespace mtlgrid

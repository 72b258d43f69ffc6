#include "results/store/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "base/decode.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/files.h"
#include "base/read_at.h"

namespace mtlgrid {
namespace {

// Reads at most `most` bytes; what was had if the file ends before, or the system refuses the rest.
std::string read_bytes(const FileDescriptor& in, std::size_t most) {
  std::string bytes(most, '\0');
  int ignored = 0;
  bytes.resize(read_at(in.get(), 0, std::as_writable_bytes(std::span(bytes)), ignored));
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

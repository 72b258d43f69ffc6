#include "base/system_error.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mtlgrid {
namespace {

std::string advice_for(int number) {
  switch (number) {
    case EMFILE: {
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      return fmt::format("a process may open {} files here: raise the limit (ulimit -n)", limit.rlim_cur);
    }
    case ENFILE:
      return "this machine has no more open files to give: end other programs, or raise fs.file-max";
    case EACCES:
    case EPERM:
      return fmt::format("user {} needs permission to read it and to search the folders above it (chmod u+r, u+x)",
                         ::geteuid());
    case EIO:
    case EREMOTEIO:
      return "the disk or the file server reported an error: look at the system's log (dmesg), then try again";
    case ESTALE:
      return "the file server has replaced it meanwhile: try again, or have the folder mounted again";
    case EAGAIN:
    case EBUSY:
    case ENOLCK:
      return "another program has it locked: end that program, or set HDF5_USE_FILE_LOCKING=FALSE";
    case ETIMEDOUT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOTCONN:
    case ESHUTDOWN:
      return "the file server does not answer: try again when it does";
    case ENOMEM:
      return "this machine has no memory left: use fewer trainers, or a machine with more";
    case ENOENT:
      return "it was there when the data were checked: put it back";
    default:
      return "try again, or ask whoever runs this machine";
  }
}

}  // namespace

SystemError::SystemError(const std::filesystem::path& file, std::string cause, std::string advice, int number)
    : Error(ErrorKind::needs_person, fmt::format("{}: {}; {}", file.string(), cause, advice)),
      cause_(std::move(cause)),
      advice_(std::move(advice)),
      number_(number) {}

bool SystemError::may_pass() const { return mtlgrid::may_pass(number_); }

bool may_pass(int number) {
  switch (number) {
    case EINTR:
    case EAGAIN:
    case EBUSY:
    case ENOLCK:
    case EIO:
    case EREMOTEIO:
    case ESTALE:
    case ETIMEDOUT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOTCONN:
    case ESHUTDOWN:
    case ENFILE:
    case ENOMEM:
    case ETXTBSY:  // of our own: a file that another program has open for writing
      return true;
    default:
      return false;
  }
}

SystemError system_error(const std::filesystem::path& file, int number) {
  const char* const locked = number == EAGAIN ? "locked: " : "";  // the only call here that gives EAGAIN is flock
  return {file, fmt::format("cannot be read: {}{}", locked, std::strerror(number)), advice_for(number), number};
}

}  // namespace mtlgrid

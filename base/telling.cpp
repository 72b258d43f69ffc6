#include "base/telling.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/local_time.h"
#include "base/terminal.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr int kPatience = 100;  // milliseconds
constexpr int kTries = 10;
constexpr std::size_t kAtOnce = 4096;  // PIPE_BUF: a pipe that is ready takes so many bytes without waiting

// What is told between a failed call and the look at its errno must not change that.
class KeptErrno {
 public:
  KeptErrno() = default;
  KeptErrno(const KeptErrno&) = delete;
  KeptErrno& operator=(const KeptErrno&) = delete;
  ~KeptErrno() { errno = before_; }

 private:
  int before_ = errno;
};

// A second way to the same terminal that never waits: one that is ready may have room for a part of a line only.
FileDescriptor without_waiting(int file) {
  if (isatty(file) != 1) return FileDescriptor();
  const std::string name = "/proc/self/fd/" + std::to_string(file);
  return FileDescriptor(::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool ready(int file, int milliseconds) {
  pollfd p = {file, POLLOUT, 0};
  int n = 0;
  do {
    n = ::poll(&p, 1, milliseconds);
  } while (n < 0 && errno == EINTR);
  return n > 0 && (p.revents & POLLNVAL) == 0;
}

[[noreturn]] void refuse_result(int code) {
  if (code == EPIPE) throw ReaderGone();
  const bool full = code == ENOSPC || code == EDQUOT, large = code == EFBIG;
  throw Error(ErrorKind::needs_person,
              std::string("standard output cannot be written, so the result is not complete: ") +
                  (code == EBADF ? "it is closed; send it to a file or a pipe" : std::strerror(code)) +
                  (full ? "; free space (or quota) where it goes, then run the command again" : "") +
                  (large ? "; a file may not be larger here (ulimit -f): raise that limit, then run again" : ""));
}

}  // namespace

void prepare_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(file, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number, which is `file`: the lower ones are open. Where there is no /dev/null, anything that is
    // open keeps the number from a lock or a journal.
    if (::open("/dev/null", file == STDERR_FILENO ? O_RDWR : O_RDONLY) < 0) (void)::open("/", O_RDONLY | O_DIRECTORY);
  }
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

void tell(std::string_view text) noexcept {
  const KeptErrno kept;
  const FileDescriptor own = without_waiting(STDERR_FILENO);
  const int file = own ? own.get() : STDERR_FILENO;
  int tries = kTries;
  while (!text.empty() && ready(file, kPatience)) {
    const ssize_t written = ::write(file, text.data(), std::min(text.size(), kAtOnce));
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN && tries-- > 0) {
      ::poll(nullptr, 0, kPatience / kTries);  // a terminal with room for one byte is ready, but not for a line end
    } else if (written == 0 || errno != EINTR) {
      break;
    }
  }
}

void tell_line(std::string_view line) noexcept {
  try {
    tell(printable_lines(line) + "\n");
  } catch (...) {  // no memory for a message: it is lost
  }
}

void tell_message(std::string_view line) noexcept {
  const KeptErrno kept;
  try {
    const double now = Clock::real().now();
    tell_line((terminal_size(STDERR_FILENO) ? local_clock(now) : local_time(now)) + " " + std::string(line));
  } catch (...) {  // as above
  }
}

void put_result(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0) {
      refuse_result(EIO);
    } else if (errno == EAGAIN) {  // whoever shares the pipe made it non-blocking
      ready(STDOUT_FILENO, -1);
    } else if (errno != EINTR) {
      refuse_result(errno);
    }
  }
  // A network file system may report a full disk only when a file is closed, of whichever descriptor.
  FileDescriptor copy(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  if (copy && ::close(copy.release()) != 0 && errno != EINTR) refuse_result(errno);
}

}  // namespace mtlgrid

// The process that reads feature files, forked from a test: the test's executable cannot start itself as one.
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <stdexcept>

#include "datasets/features/reader_process.h"
#include "datasets/features/reader_server.h"

namespace mtlgrid::testing {

// Runs `serve` on the two pipes in a child; what it prints is lost. The test must have one thread.
inline ReaderChild forked_reader(const std::function<int(int in, int out)>& serve = serve_features) {
  std::array<int, 2> to{}, from{};
  if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("no process");
  if (pid == 0) {
    ::close(to[1]);
    ::close(from[0]);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDERR_FILENO);
    ::_exit(serve(to[0], from[1]));
  }
  ::close(to[0]);
  ::close(from[1]);
  return {pid, FileDescriptor(to[1]), FileDescriptor(from[0])};
}

}  // namespace mtlgrid::testing

// The calls by which files are written: the seam through which tests inject full disks and failing hardware.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace mtlgrid {

// The real operating system; tests override single calls. Each follows POSIX: -1 and errno on failure.
class FileCalls {
 public:
  virtual ~FileCalls() = default;
  virtual ssize_t write(int file, const void* data, std::size_t bytes);
  virtual int fsync(int file);
  virtual int truncate(int file, std::int64_t bytes);
  virtual int rename(const char* from, const char* to);

  // Stateless, so any thread may use it at any time.
  static FileCalls& real();
};

}  // namespace mtlgrid

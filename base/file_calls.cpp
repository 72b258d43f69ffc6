#include "base/file_calls.h"

#include <unistd.h>

#include <cstdio>

namespace mtlgrid {

ssize_t FileCalls::write(int file, const void* data, std::size_t bytes) { return ::write(file, data, bytes); }
int FileCalls::fsync(int file) { return ::fsync(file); }
int FileCalls::truncate(int file, std::int64_t bytes) { return ::ftruncate(file, bytes); }
int FileCalls::rename(const char* from, const char* to) { return std::rename(from, to); }

FileCalls& FileCalls::real() {
  static FileCalls calls;
  return calls;
}

}  // namespace mtlgrid

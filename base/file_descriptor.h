// A file descriptor, closed at the end of its life.
#pragma once

#include <unistd.h>

#include <utility>

namespace mtlgrid {

// Owns an open file descriptor, or none (-1). Whoever opens it sets O_CLOEXEC: the class does not look at flags.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  // Takes ownership of `file`; a negative number (a failed open) owns nothing.
  explicit FileDescriptor(int file) : file_(file) {}
  FileDescriptor(FileDescriptor&& other) noexcept : file_(other.release()) {}
  // Closes the file that was owned before. Assigning an object to itself changes nothing.
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    FileDescriptor taken(std::move(other));
    std::swap(file_, taken.file_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { close(); }

  // Closes the file now; nothing if there is none. An error of close(2) is not reported: whoever must know that data
  // arrived calls fsync first.
  void close() {
    if (file_ >= 0) ::close(release());
  }
  int get() const { return file_; }
  explicit operator bool() const { return file_ >= 0; }
  // Gives up ownership: the caller closes it.
  int release() { return std::exchange(file_, -1); }

 private:
  int file_ = -1;
};

}  // namespace mtlgrid

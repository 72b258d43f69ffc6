// A library to preload: lets single calls on files fail in a program that knows nothing of it.
//
// MTLGRID_IO_FAULT is "PROGRAM CALL ERROR FIRST TIMES TOKENS TEXT": in processes whose program is named PROGRAM, the
// FIRST-th and later CALLs (open, read, write, sync, rename, truncate) on a path that contains TEXT give the error
// number ERROR, TIMES times in all processes together; the files TOKENS/1, TOKENS/2, ... count them. TEXT may be empty.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct Fault {
  char program[64] = "", call[16] = "", tokens[PATH_MAX] = "", text[PATH_MAX] = "";
  int error = 0, first = 0, times = 0;
  bool set = false;

  Fault() {
    const char* asked = std::getenv("MTLGRID_IO_FAULT");
    if (asked == nullptr) return;
    const int fields =
        std::sscanf(asked, "%63s %15s %d %d %d %4095s %4095s", program, call, &error, &first, &times, tokens, text);
    set = fields >= 6 && std::strcmp(program_invocation_short_name, program) == 0;
  }
};

const Fault& fault() {
  static const Fault kFault;
  return kFault;
}

template <typename Call>
Call* real(const char* name) {
  return reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, name));
}

// Creates the next token; false if all have been used. Goes round our own open().
bool take_token() {
  static const auto kOpen = real<int(const char*, int, ...)>("open");
  for (int i = 1; i <= fault().times; ++i) {
    char name[PATH_MAX + 16];
    std::snprintf(name, sizeof name, "%s/%d", fault().tokens, i);
    const int file = kOpen(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) return ::close(file) == 0;
  }
  return false;
}

// Whether this call is to fail; then errno is set.
bool fails(const char* call, const char* path) {
  static std::atomic<int> seen{0};
  if (!fault().set || std::strcmp(call, fault().call) != 0) return false;
  const int before = errno;
  if (path == nullptr || std::strstr(path, fault().text) == nullptr || ++seen < fault().first || !take_token()) {
    errno = before;
    return false;
  }
  errno = fault().error;
  return true;
}

bool fails(const char* call, int file) {
  if (!fault().set || std::strcmp(call, fault().call) != 0) return false;
  char link[64], path[PATH_MAX] = "";
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = ::readlink(link, path, sizeof path - 1);
  // Pipes, sockets and terminals are no files on a disk.
  return length > 0 && path[0] == '/' && std::strncmp(path, "/dev/", 5) != 0 && std::strncmp(path, "/proc/", 6) != 0 &&
         fails(call, path);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  static const auto kReal = real<int(const char*, int, ...)>("open");
  return fails("open", path) ? -1 : kReal(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  static const auto kReal = real<int(const char*, int, ...)>("open64");
  return fails("open", path) ? -1 : kReal(path, flags, mode);
}

FILE* fopen(const char* path, const char* mode) {
  static const auto kReal = real<FILE*(const char*, const char*)>("fopen");
  return fails("open", path) ? nullptr : kReal(path, mode);
}

FILE* fopen64(const char* path, const char* mode) {
  static const auto kReal = real<FILE*(const char*, const char*)>("fopen64");
  return fails("open", path) ? nullptr : kReal(path, mode);
}

ssize_t read(int file, void* to, size_t bytes) {
  static const auto kReal = real<ssize_t(int, void*, size_t)>("read");
  return fails("read", file) ? -1 : kReal(file, to, bytes);
}

ssize_t pread(int file, void* to, size_t bytes, off_t at) {
  static const auto kReal = real<ssize_t(int, void*, size_t, off_t)>("pread");
  return fails("read", file) ? -1 : kReal(file, to, bytes, at);
}

ssize_t pread64(int file, void* to, size_t bytes, off64_t at) {
  static const auto kReal = real<ssize_t(int, void*, size_t, off64_t)>("pread64");
  return fails("read", file) ? -1 : kReal(file, to, bytes, at);
}

ssize_t write(int file, const void* data, size_t bytes) {
  static const auto kReal = real<ssize_t(int, const void*, size_t)>("write");
  return fails("write", file) ? -1 : kReal(file, data, bytes);
}

ssize_t writev(int file, const iovec* parts, int count) {
  static const auto kReal = real<ssize_t(int, const iovec*, int)>("writev");
  return fails("write", file) ? -1 : kReal(file, parts, count);
}

ssize_t pwrite(int file, const void* data, size_t bytes, off_t at) {
  static const auto kReal = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return fails("write", file) ? -1 : kReal(file, data, bytes, at);
}

ssize_t pwrite64(int file, const void* data, size_t bytes, off64_t at) {
  static const auto kReal = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return fails("write", file) ? -1 : kReal(file, data, bytes, at);
}

int fsync(int file) {
  static const auto kReal = real<int(int)>("fsync");
  return fails("sync", file) ? -1 : kReal(file);
}

int fdatasync(int file) {
  static const auto kReal = real<int(int)>("fdatasync");
  return fails("sync", file) ? -1 : kReal(file);
}

int ftruncate(int file, off_t bytes) {
  static const auto kReal = real<int(int, off_t)>("ftruncate");
  return fails("truncate", file) ? -1 : kReal(file, bytes);
}

int ftruncate64(int file, off64_t bytes) {
  static const auto kReal = real<int(int, off64_t)>("ftruncate64");
  return fails("truncate", file) ? -1 : kReal(file, bytes);
}

int rename(const char* from, const char* to) {
  static const auto kReal = real<int(const char*, const char*)>("rename");
  return fails("rename", to) ? -1 : kReal(from, to);
}

}  // extern "C"

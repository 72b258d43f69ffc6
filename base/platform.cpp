#include "base/platform.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace mtlgrid {

namespace fs = std::filesystem;

ssize_t Platform::write(int file, const void* data, std::size_t bytes) { return ::write(file, data, bytes); }
int Platform::fsync(int file) { return ::fsync(file); }
int Platform::truncate(int file, std::int64_t bytes) { return ::ftruncate(file, bytes); }
int Platform::rename(const char* from, const char* to) { return std::rename(from, to); }

double Platform::now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double Platform::steady() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Platform::sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

std::string Platform::host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::string Platform::machine() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  struct stat space = {};
  if (::stat("/proc/self/ns/pid", &space) != 0) space.st_ino = 0;
  return boot + ":" + std::to_string(space.st_ino);
}

std::int64_t Platform::process() { return ::getpid(); }

std::optional<std::string> Platform::process_start(std::int64_t id) {
  std::ifstream file("/proc/" + std::to_string(id) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = line.rfind(')');  // field 2, the name, may itself hold spaces and brackets
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(name_end + 1));
  std::string word, state;
  rest >> state;                                           // field 3
  for (int field = 4; field <= 22; ++field) rest >> word;  // field 22: start time, proc(5)
  if (!rest || state == "Z" || state == "X") return std::nullopt;
  return word;
}

Platform& Platform::real() {
  static Platform platform;
  return platform;
}

Error file_error(const fs::path& file, const std::string& doing, int error) {
  std::string message = file.string() + ": " + doing + ": " + std::strerror(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return {ErrorKind::needs_person, message + "; free space (or quota) on that file system, then run again"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {ErrorKind::needs_person, message + "; make that folder writable for this user, then run again"};
    default:
      return {ErrorKind::fatal, message};
  }
}

bool write_all(Platform& platform, int file, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = platform.write(file, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    if (written == 0) {  // a device that takes nothing and names no error
      errno = EIO;
      return false;
    }
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void write_by_rename(Platform& platform, const fs::path& file, std::string_view content) {
  const fs::path temporary = beside(file, ".tmp");
  FileDescriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!out) throw file_error(temporary, "cannot be created", errno);
  if (!write_all(platform, out.get(), content) || platform.fsync(out.get()) != 0 ||
      platform.rename(temporary.c_str(), file.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    throw file_error(file, "cannot be written", error);
  }
  sync_folder(platform, file.parent_path());
}

void sync_folder(Platform& platform, const fs::path& folder) {
  const fs::path name = folder.empty() ? fs::path(".") : folder;
  FileDescriptor directory(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some network file systems do not sync folders (EINVAL): their renames are the server's business.
  if (!directory || (platform.fsync(directory.get()) != 0 && errno != EINVAL)) {
    throw file_error(name, "the folder cannot be synchronised", errno);
  }
}

fs::path beside(const fs::path& file, const std::string& suffix) {
  fs::path result = file;
  result += suffix;
  return result;
}

fs::path unused_name(const fs::path& file, const std::string& suffix) {
  for (int i = 1;; ++i) {
    fs::path name = beside(file, suffix + std::to_string(i));
    if (!fs::exists(fs::symlink_status(name))) return name;
  }
}

}  // namespace mtlgrid

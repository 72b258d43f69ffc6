#include "base/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/files.h"
#include "base/telling.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

constexpr int kLinks = 40;  // followed at most, as the kernel does
constexpr mode_t kPermissions = 07777;

// N if `file` is /proc/self/fd/N by whatever name; -1 otherwise.
int own_descriptor(const fs::path& file) {
  std::error_code error;
  const fs::path folder = fs::canonical(file.parent_path(), error);
  const std::string name = file.filename().string();
  if (error || folder != "/proc/" + std::to_string(::getpid()) + "/fd") return -1;
  const bool number = !name.empty() && name.size() < 8 &&
                      std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  return number ? std::stoi(name) : -1;
}

constexpr double kLook = 0.1;     // seconds between looks for a reader
constexpr double kSayAfter = 10;  // seconds of a wait for a reader that is there

// Opens a pipe or a device for writing. Never waits in open(2), which for a named pipe has no end: without a reader
// it is tried again. -1 and errno if it cannot be opened.
int open_with_reader(const fs::path& path, const PipePatience& patience) {
  for (double waited = 0;; waited += kLook) {
    const int file = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file >= 0 || errno != ENXIO) return file;
    if (waited == 0) {
      tell_message(fmt::format("{}: nobody reads this pipe; waiting {:.0f} s for a reader", path.string(),
                               patience.reader_seconds));
    }
    if (waited >= patience.reader_seconds) {
      throw Error(
          ErrorKind::needs_person,
          fmt::format("{}: nobody has opened this pipe for reading in {:.0f} s; start its reader first, or name "
                      "a file",
                      path.string(), patience.reader_seconds));
    }
    ::poll(nullptr, 0, static_cast<int>(kLook * 1000));
  }
}

// Returns when `file` takes bytes again, or after a part of the time that is left; adds what it waited to `waited`.
void wait_until_taken(const fs::path& path, int file, const PipePatience& patience, double& waited) {
  pollfd ready = {file, POLLOUT, 0};
  const double part = std::min(kSayAfter, patience.taking_seconds);
  if (::poll(&ready, 1, static_cast<int>(part * 1000)) != 0) return;
  waited += part;
  if (waited >= patience.taking_seconds) {
    throw Error(ErrorKind::needs_person,
                fmt::format("{}: its reader has taken nothing for {:.0f} s, so the result is not complete; let it read "
                            "on, or name a file",
                            path.string(), waited));
  }
  if (waited == part) tell_message(path.string() + ": waiting for its reader, which takes nothing");
}

}  // namespace

OutputFile::OutputFile(const char* option, const fs::path& named)
    : path_(named.empty() ? fs::path() : fs::absolute(named)) {
  const auto refuse = [&](const std::string& why) -> void {
    throw InputError(std::string(option) + " " + named.string() + ": " + why);
  };
  if (named.empty()) throw InputError(std::string(option) + ": expected the name of a file");
  std::error_code error;
  // The links of /proc are not names: they lead to open files.
  const auto is_link = [&] { return !path_.string().starts_with("/proc/") && fs::is_symlink(path_, error); };
  for (int links = 0; (descriptor_ = own_descriptor(path_)) < 0 && is_link(); ++links) {
    if (links == kLinks) refuse("its symbolic links lead in a circle");
    const fs::path target = fs::read_symlink(path_, error);
    if (error) refuse("the symbolic link cannot be read: " + error.message());
    path_ = path_.parent_path() / target;  // an absolute target alone
  }
  struct stat there {};
  const bool found = (descriptor_ < 0 ? ::stat(path_.c_str(), &there) : ::fstat(descriptor_, &there)) == 0;
  if (!found && errno != ENOENT) refuse(std::strerror(errno));
  if (found && S_ISDIR(there.st_mode)) refuse("is a folder, expected a file");
  replaced_ = descriptor_ < 0 && !path_.string().starts_with("/proc/") && (!found || S_ISREG(there.st_mode));
  if (!replaced_) return;
  const fs::path folder = path_.parent_path();
  if (!fs::is_directory(folder, error)) refuse("folder " + folder.string() + " does not exist");
  if (::access(folder.c_str(), W_OK) != 0) {
    refuse("folder " + folder.string() + " cannot be written: " + std::strerror(errno));
  }
}

void OutputFile::write(FileCalls& calls, std::string_view content, const PipePatience& patience) const {
  if (!replaced_) return write_through(calls, content, patience);
  AtomicFile out(calls, path_);
  struct stat before {};
  if (::stat(path_.c_str(), &before) == 0) (void)::fchmod(out.descriptor(), before.st_mode & kPermissions);
  out.write(content);
  out.commit();
}

namespace {

// An open file of this process, such as /dev/stdout, may have been closed, or opened for reading alone.
[[noreturn]] void throw_failure(const fs::path& path, const char* doing, int code) {
  if (code != EBADF) throw FileError(path, doing, code);
  throw Error(ErrorKind::needs_person, path.string() + ": " + doing + ": it is closed; open it, or name a file");
}

}  // namespace

void OutputFile::write_through(FileCalls& calls, std::string_view content, const PipePatience& patience) const {
  FileDescriptor out(descriptor_ >= 0 ? ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 3) : open_with_reader(path_, patience));
  if (!out) throw_failure(path_, "cannot be opened", errno);
  for (double waited = 0; !content.empty();) {
    const ssize_t written = calls.write(out.get(), content.data(), content.size());
    if (written > 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
      waited = 0;
    } else if (written < 0 && errno == EAGAIN) {
      wait_until_taken(path_, out.get(), patience, waited);
    } else if (written == 0 || errno != EINTR) {
      throw_failure(path_, "cannot be written", written == 0 ? EIO : errno);
    }
  }
  if (::close(out.release()) != 0) throw FileError(path_, "cannot be written", errno);
}

void refuse_input(const char* option, const fs::path& named, const std::vector<fs::path>& inputs) {
  for (const fs::path& input : inputs) {
    std::error_code error;
    if (!fs::is_regular_file(input, error) || !fs::equivalent(named, input, error)) continue;
    throw InputError(std::string(option) + " " + named.string() + ": is " + input.string() +
                     ", which this command reads; name another file");
  }
}

}  // namespace mtlgrid

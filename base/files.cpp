#include "base/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "base/process_identity.h"
#include "base/system_error.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

// A limit on the size of files stops a run as a full disk does.
bool is_full(int code) { return code == ENOSPC || code == EDQUOT || code == EFBIG; }
bool is_forbidden(int code) { return code == EACCES || code == EPERM || code == EROFS; }

// A folder on the way is gone, or was replaced by another kind of file.
bool is_gone(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP || code == ESTALE; }
bool is_hardware(int code) { return code == EIO || code == EREMOTEIO || code == ENXIO || code == ENODEV; }

// Fatal are only those that a mistake of the program has (EBADF, EINVAL, EFAULT, ...).
ErrorKind kind_of(int code) {
  const bool machine = is_full(code) || is_forbidden(code) || is_gone(code) || is_hardware(code) || limit_of(code) ||
                       may_pass(code) || code == ENAMETOOLONG || code == EEXIST || code == EISDIR || code == ENOTEMPTY;
  return machine ? ErrorKind::needs_person : ErrorKind::fatal;
}

std::string advice_for(int code, const std::string& doing) {
  if (code == EFBIG) return "; a file may not be larger here (ulimit -f): raise that limit, then run again";
  if (is_full(code)) return "; free space (or quota) on that file system, then run again";
  if (is_forbidden(code) && doing == "cannot be read") return "; ask its owner for the right to read it";
  if (is_forbidden(code)) return "; make that folder writable for this user, then run again";
  if (is_gone(code)) return "; its folder was removed, moved or replaced: put it back, then run again";
  if (is_hardware(code)) return "; the disk or the file server reported an error: look at the system's log (dmesg)";
  if (code == EISDIR || code == EEXIST || code == ENOTEMPTY)
    return "; move what is in its place elsewhere, then run again";
  if (code == ENAMETOOLONG) return "; choose a shorter name or a folder nearer to the root";
  if (const auto limit = limit_of(code)) return "; " + advice_on(*limit);
  return "";
}

}  // namespace

std::string process_suffix() {
  ProcessIdentity self;
  return "." + self.host() + "." + std::to_string(self.process()) + ".tmp";
}

FileError::FileError(const fs::path& file, const std::string& doing, int code)
    : Error(kind_of(code), file.string() + ": " + doing + ": " + std::strerror(code) + advice_for(code, doing)),
      code_(code) {}

bool FileError::disk_full() const { return is_full(code_); }

bool write_all(FileCalls& calls, int file, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = calls.write(file, data.data(), data.size());
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

void sync_folder(FileCalls& calls, const fs::path& folder) {
  const fs::path name = folder.empty() ? fs::path(".") : folder;
  const FileDescriptor directory(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some network file systems do not sync folders (EINVAL): their servers see to renames themselves.
  if (!directory || (calls.fsync(directory.get()) != 0 && errno != EINVAL)) {
    throw FileError(name, "the folder cannot be synchronised", errno);
  }
}

AtomicFile::AtomicFile(FileCalls& calls, fs::path target, const AtomicFileOptions& options)
    : calls_(calls),
      target_(std::move(target)),
      temporary_(beside(target_, options.suffix)),
      durability_(options.durability) {
  ::unlink(temporary_.c_str());
  constexpr int kNew = O_CREAT | O_EXCL | O_NOFOLLOW;
  out_ = FileDescriptor(::open(temporary_.c_str(), O_RDWR | O_CLOEXEC | kNew, options.mode));
  if (!out_) throw FileError(temporary_, "cannot be created", errno);
}

AtomicFile::~AtomicFile() {
  if (!named_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view data) {
  if (!write_all(calls_, out_.get(), data)) throw FileError(target_, "cannot be written", errno);
}

void AtomicFile::commit() {
  const bool synced = durability_ == Durability::synced;
  // Closed before it gets its name: a client of a network file system sends what is left, and reports errors, then.
  if ((synced && calls_.fsync(out_.get()) != 0) || ::close(out_.release()) != 0 ||
      calls_.rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw FileError(target_, "cannot be written", errno);
  }
  named_ = true;
  if (synced) sync_folder(calls_, target_.parent_path());
}

void write_by_rename(FileCalls& calls, const fs::path& file, std::string_view content,
                     const AtomicFileOptions& options) {
  AtomicFile out(calls, file, options);
  out.write(content);
  out.commit();
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

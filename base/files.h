// Writing files so that whoever reads them, after whatever failure, finds the old content or the new, never half.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/file_calls.h"
#include "base/file_descriptor.h"

namespace mtlgrid {

// A failed call on a file. needs_person where it is the machine's fault (disk full, quota, permission, a folder that is
// gone, hardware, a limit), with what to do in the message; fatal where only a mistake of the program has that errno.
class FileError : public Error {
 public:
  // `doing` is what was tried, e.g. "cannot be written"; `code` the call's errno.
  FileError(const std::filesystem::path& file, const std::string& doing, int code);
  int code() const { return code_; }
  // Whether the disk or the quota is full, or the file as large as it may be.
  bool disk_full() const;

 private:
  int code_;
};

// Writes all of `data` at the file's position, continuing after short writes and EINTR. False, with errno, on failure;
// then any part of it may have been written.
bool write_all(FileCalls& calls, int file, std::string_view data);

// Makes the names in `folder` ("" is the current one) survive a power cut. Throws FileError.
void sync_folder(FileCalls& calls, const std::filesystem::path& folder);

// Whether a file must be on the disk before commit() returns. `none` is for files that can be made again at any time;
// after a power cut such a file may be missing, old, empty or cut short, so its reader must notice.
enum class Durability { synced, none };

// ".HOST.PROCESS.tmp": a suffix for temporary names where several processes may write one file at once.
std::string process_suffix();

struct AtomicFileOptions {
  Durability durability = Durability::synced;
  std::string suffix = ".tmp";  // of the temporary name; with a process id where several may write one file at once
  mode_t mode = 0666;           // of a new file, less the umask
};

// A file that is written under a temporary name beside its target and gets its name when it is whole. Unless commit()
// succeeded, the destructor removes the temporary file and the target stays as it was. Two writers must not use one
// temporary name at the same time. A file or link that is there already under the temporary name is never opened, but
// removed: others may write to the folder. Errors are FileErrors.
class AtomicFile {
 public:
  // Creates the temporary file, in place of one that a killed process left. `calls` must outlive this object.
  AtomicFile(FileCalls& calls, std::filesystem::path target, const AtomicFileOptions& options = {});
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  const std::filesystem::path& temporary() const { return temporary_; }
  // The open file, readable and writable, for callers that write at positions of their own choice.
  int descriptor() const { return out_.get(); }
  // Appends.
  void write(std::string_view data);
  // Gives the file its name: fsync of the file, close, rename, fsync of the folder (the two fsyncs only if synced).
  // If the last one fails the target already has the new content. Nothing can be written afterwards.
  void commit();

 private:
  FileCalls& calls_;
  std::filesystem::path target_, temporary_;
  Durability durability_;
  FileDescriptor out_;
  bool named_ = false;  // as the target
};

// Replaces `file` with `content` by an AtomicFile. Throws FileError.
void write_by_rename(FileCalls& calls, const std::filesystem::path& file, std::string_view content,
                     const AtomicFileOptions& options = {});

// `file` with `suffix` added to its name: beside("a/grid.db", ".lock") is a/grid.db.lock.
std::filesystem::path beside(const std::filesystem::path& file, const std::string& suffix);
// The first of file + suffix + "1", "2", ... that does not exist.
std::filesystem::path unused_name(const std::filesystem::path& file, const std::string& suffix);

}  // namespace mtlgrid

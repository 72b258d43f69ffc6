// What the store asks of the operating system: the seam through which tests inject errors, clocks and hosts.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/file_descriptor.h"

namespace mtlgrid {

// The real operating system; tests override single calls. Calls follow POSIX: -1 and errno on failure.
class Platform {
 public:
  virtual ~Platform() = default;
  virtual ssize_t write(int file, const void* data, std::size_t bytes);
  virtual int fsync(int file);
  virtual int truncate(int file, std::int64_t bytes);
  virtual int rename(const char* from, const char* to);

  virtual double now();                // seconds since 1970, UTC
  virtual double steady();             // seconds, never goes back
  virtual void sleep(double seconds);  // waiting for a lock of another host
  virtual std::string host();
  // Changes with every boot and differs between hosts and process namespaces: only with the same one do process ids
  // mean anything.
  virtual std::string machine();
  virtual std::int64_t process();
  // When process `id` started (in ticks since boot: only its equality means something); nullopt if there is none.
  virtual std::optional<std::string> process_start(std::int64_t id);

  static Platform& real();
};

// The error of a failed call on `file`: needs_person where a person can help (disk full, quota, permission, read-only
// file system), fatal otherwise. `doing` is what was tried, e.g. "cannot be written".
Error file_error(const std::filesystem::path& file, const std::string& doing, int error);

// Writes all of `data`, going on after short writes and EINTR. False, with errno, on failure.
bool write_all(Platform& platform, int file, std::string_view data);

// Replaces `file` with `content`: temporary name, fsync, rename, fsync of the folder. Whoever reads `file` sees the old
// content or the new, never half. Nothing is left behind on failure. Throws file_error().
void write_by_rename(Platform& platform, const std::filesystem::path& file, std::string_view content);
void sync_folder(Platform& platform, const std::filesystem::path& folder);

// `file` with `suffix` added to its name: beside("a/grid.db", ".lock") is a/grid.db.lock.
std::filesystem::path beside(const std::filesystem::path& file, const std::string& suffix);
// The first of file + suffix + "1", "2", ... that does not exist.
std::filesystem::path unused_name(const std::filesystem::path& file, const std::string& suffix);

}  // namespace mtlgrid

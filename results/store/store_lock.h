// STORE.lock: who writes the store. One line of JSON: host, pid, start, machine, since, epoch, beat.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/platform.h"

namespace mtlgrid {

// What a lock file says.
struct LockHolder {
  std::string host, start, machine;
  std::int64_t pid = 0;
  std::uint64_t epoch = 0;
  double since = 0;
  bool readable = false;  // false: the file is not (yet) a whole lock
  std::string content;    // as read
  std::string trouble;    // why nothing can be read there: "is a folder"
  std::string odd_epoch;  // what stands where the epoch should, if it is none; then `epoch` is 0

  std::string described() const;  // "host h, pid p, epoch e"
};
// nullopt if the file does not exist. Reads at most a few kilobytes, and never waits.
std::optional<LockHolder> read_lock(const std::filesystem::path& file);

// The epoch of a new run: above that of every record, and above that of the lock that was taken over. An epoch of the
// lock that is far above all of the journal's was written by no run (odd_epoch() says so), and is not continued: it
// could leave the runs after this one no higher number. Throws Error(needs_person) if the journal has such a number.
std::uint64_t next_epoch(std::uint64_t of_journal, std::uint64_t of_lock);
// "its epoch ... "; "" for an epoch that is continued.
std::string odd_epoch(std::uint64_t of_journal, std::uint64_t of_lock);

// How a holder looks from here, without waiting.
enum class HolderLife {
  alive,    // same machine, that very process lives
  dead,     // same machine, no such process (or another one that got its id)
  unknown,  // another machine, or a lock that cannot be read: only its heartbeat tells
};
HolderLife life_of(const LockHolder& holder, Platform& platform);

// A held lock. Its file is created exclusively; a stale lock is replaced by rename, under an flock on the old file
// where the file system supports flock.
class StoreLock {
 public:
  // Throws Error(needs_person) naming the holder if there is a live one, or if something other than a file is at the
  // path (a folder, a pipe, a link). A holder whose life is unknown is watched for `stale_after` seconds of the
  // platform's steady clock: any change of the file shows that the holder is alive.
  static StoreLock take(Platform& platform, std::filesystem::path file, double stale_after,
                        const std::function<void(const std::string&)>& say);
  StoreLock(StoreLock&&) noexcept = default;
  StoreLock& operator=(StoreLock&&) = delete;
  ~StoreLock();  // removes the file if it is still ours

  // Epoch of the lock that was taken over; 0 if there was none. Runs number their epochs above it.
  std::uint64_t previous_epoch() const { return previous_epoch_; }
  // check(), and that epoch in the file.
  void set_epoch(std::uint64_t epoch);
  // Whether the file is still ours. One stat().
  bool ours() const;
  // Throws Error(needs_person) if it is not.
  void check() const;
  // check(), and a new beat in the file.
  void renew();

 private:
  StoreLock(Platform& platform, std::filesystem::path file, FileDescriptor held, std::uint64_t previous_epoch);
  static FileDescriptor write_own(Platform& platform, const std::filesystem::path& file);
  static FileDescriptor take_over(Platform& platform, const std::filesystem::path& file, const LockHolder& stale);
  void write_numbers();

  Platform* platform_;
  std::filesystem::path file_;
  FileDescriptor held_;
  std::uint64_t previous_epoch_, epoch_ = previous_epoch_, beat_ = 0;
};

}  // namespace mtlgrid

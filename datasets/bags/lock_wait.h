// Waiting for a lock (flock) that another process of this machine holds: with a limit, and not in silence.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/file_descriptor.h"
#include "datasets/features/fingerprint.h"

namespace mtlgrid {

// Limits of a wait, in time that this process itself was awake: one that is suspended together with the holder does
// not give up on it. Guessed: the longest that the builder of a bag file takes from one bag to the next, the largest
// being read from a slow file server; and how long nobody wonders.
struct LockPatience {
  std::chrono::milliseconds without_progress{60'000}, before_telling{5'000};
};

// "process 4711 (mtlgrid-trainer), which is suspended", as far as the system says who holds a lock on the open file
// `lock`; "another process" if it does not. `suspended`: whether that process is stopped (SIGSTOP, a debugger).
struct LockOwner {
  std::string text = "another process";
  bool suspended = false;
};
LockOwner owner_of(const FileDescriptor& lock);

class LockWait {
 public:
  using Say = std::function<void(const std::string&)>;
  // `progress`: a file that the holder changes while it works, which prolongs the wait. `check` (may be empty) is
  // called at each turn; it throws to end the wait.
  LockWait(LockPatience patience, std::filesystem::path progress, Say say, std::function<void()> check);

  // Takes the lock `how` (LOCK_EX or LOCK_SH) on `file`, whose name is `name`. Tells `say` once for whom it waits.
  // Throws Error(needs_person) that names the holder where it made no progress for as long as `patience` says, or is
  // suspended, and where the system refuses the lock.
  void take(const FileDescriptor& file, int how, const std::filesystem::path& name);

 private:
  void wait(const FileDescriptor& file, const std::filesystem::path& name);

  LockPatience patience_;
  std::filesystem::path progress_;
  Say say_;
  std::function<void()> check_;
  std::optional<FileStamp> seen_;  // of `progress_`
  std::chrono::milliseconds silent_{0};
  bool told_ = false;
};

}  // namespace mtlgrid

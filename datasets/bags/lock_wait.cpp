#include "datasets/bags/lock_wait.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/errors.h"
#include "base/process_stat.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr std::chrono::milliseconds kPoll(20);

// Of a process of this machine that holds a lock on the file with this inode, from /proc/locks: "1: FLOCK ADVISORY
// WRITE PID MAJOR:MINOR:INODE START END". The device's numbers are not compared: some file systems have others there.
std::optional<pid_t> process_with_lock(ino_t inode) {
  std::ifstream in("/proc/locks");
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string number, kind, mode, access, file;
    pid_t process = 0;
    if (!(words >> number >> kind >> mode >> access >> process >> file) || kind != "FLOCK" || process <= 0) continue;
    if (file.substr(file.rfind(':') + 1) == std::to_string(inode)) return process;
  }
  return std::nullopt;
}

double seconds(std::chrono::milliseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

LockOwner owner_of(const FileDescriptor& lock) {
  LockOwner holder;
  struct stat status {};
  if (::fstat(lock.get(), &status) != 0) return holder;
  const auto process = process_with_lock(status.st_ino);
  if (!process) return holder;
  holder.text = fmt::format("process {}", *process);
  const auto stat = process_stat(*process);
  if (!stat) return holder;
  const std::string state = stat->field(3);  // proc(5)
  holder.suspended = state == "T" || state == "t";
  holder.text += fmt::format(" ({}){}", printable(stat->name), holder.suspended ? ", which is suspended" : "");
  return holder;
}

LockWait::LockWait(LockPatience patience, std::filesystem::path progress, Say say, std::function<void()> check)
    : patience_(patience), progress_(std::move(progress)), say_(std::move(say)), check_(std::move(check)) {}

void LockWait::take(const FileDescriptor& file, int how, const std::filesystem::path& name) {
  while (::flock(file.get(), how | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) {
      throw Error(ErrorKind::needs_person,
                  fmt::format("{}: cannot be locked: {}", name.string(), std::strerror(errno)));
    }
    wait(file, name);
  }
}

void LockWait::wait(const FileDescriptor& file, const std::filesystem::path& name) {
  if (check_) check_();
  const auto now = stamp_of(progress_);
  if (now != seen_) silent_ = std::chrono::milliseconds(0);
  seen_ = now;
  if (!told_ && silent_ >= patience_.before_telling) {
    told_ = true;
    say_(fmt::format("{}: locked by {}; waiting for it for as long as it makes progress, at most {:g} s without",
                     name.string(), owner_of(file).text, seconds(patience_.without_progress)));
  }
  // Asked every second or so: it reads a list of all locks.
  const bool look = silent_ >= patience_.before_telling && silent_ % std::chrono::seconds(1) < kPoll;
  const LockOwner holder = look || silent_ >= patience_.without_progress ? owner_of(file) : LockOwner{};
  if (holder.suspended || silent_ >= patience_.without_progress) {
    throw Error(ErrorKind::needs_person, fmt::format("{}: locked by {}, without progress for {:g} s", name.string(),
                                                     holder.text, seconds(silent_)));
  }
  std::this_thread::sleep_for(kPoll);
  silent_ += kPoll;
}

}  // namespace mtlgrid

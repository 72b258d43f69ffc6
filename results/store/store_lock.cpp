#include "results/store/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "results/store/layout.h"
#include "results/store/small_file.h"

namespace mtlgrid {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int kDigits = 20;                    // of a u64; numbers that change in place keep their width
constexpr std::size_t kShownEpoch = 40;        // characters
constexpr std::size_t kLongestLock = 1 << 16;  // bytes; a lock has some hundred
// Above the journal's: each run that ended before its first record counts one (guessed).
constexpr std::uint64_t kMostLostRuns = 100'000;
constexpr std::uint64_t kHighestEpoch = std::numeric_limits<std::int64_t>::max();  // the database keeps it signed

// The epoch as a lock has it, digits alone; nullopt for anything else.
std::optional<std::uint64_t> epoch_of(const std::string& text) {
  std::uint64_t epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc() || end != text.data() + text.size() || epoch > kHighestEpoch) return std::nullopt;
  return epoch;
}

// The numbers come first, so that they are at fixed offsets: {"epoch":"00..07","beat":"00..12",...
std::string numbers(std::uint64_t epoch, std::uint64_t beat) {
  char text[80];
  std::snprintf(text, sizeof text, "{\"epoch\":\"%0*llu\",\"beat\":\"%0*llu\"", kDigits,
                static_cast<unsigned long long>(epoch), kDigits, static_cast<unsigned long long>(beat));
  return text;
}

Error held_by(const fs::path& file, const LockHolder& holder, const std::string& what) {
  return {ErrorKind::needs_person, file.string() + ": the store is held by another run (" + holder.described() +
                                       "): " + what + "; wait for that run to end or stop it, then run again"};
}

Error not_a_lock(const fs::path& file, const std::string& what) {
  return {ErrorKind::needs_person,
          file.string() + ": " + what +
              ", no lock that a run wrote. If no run is at work on this store, remove it, then "
              "run again"};
}

}  // namespace

std::string LockHolder::described() const {
  if (!trouble.empty()) return "its lock " + trouble;
  if (!readable) return "its lock cannot be read";
  return "host " + host + ", pid " + std::to_string(pid) + ", epoch " +
         (odd_epoch.empty() ? std::to_string(epoch) : "'" + odd_epoch + "', which is none");
}

std::optional<LockHolder> read_lock(const fs::path& file) {
  SmallFile found = read_small_file(file, kLongestLock);
  if (!found.there) return std::nullopt;
  LockHolder holder;
  holder.content = std::move(found.bytes);
  holder.trouble = std::move(found.trouble);
  const json j = parse_small_json(holder.content);
  if (!j.is_object()) return holder;
  try {
    const json& epoch = j.at("epoch");
    const std::string text = epoch.is_string() ? epoch.get<std::string>() : epoch.dump();
    holder.epoch = epoch_of(text).value_or(0);
    if (!epoch_of(text)) holder.odd_epoch = printable(text.substr(0, kShownEpoch));
    j.at("host").get_to(holder.host);
    j.at("pid").get_to(holder.pid);
    j.at("start").get_to(holder.start);
    j.at("machine").get_to(holder.machine);
    j.at("since").get_to(holder.since);
    holder.readable = true;
  } catch (const json::exception&) {
    holder.readable = false;  // some other program's file, or one cut off: its life is unknown
  }
  return holder;
}

std::string odd_epoch(std::uint64_t of_journal, std::uint64_t of_lock) {
  if (of_lock <= of_journal || of_lock - of_journal <= kMostLostRuns) return "";
  return "its epoch " + std::to_string(of_lock) + " is none that a run wrote, since the journal's last is " +
         std::to_string(of_journal) + "; it is not continued";
}

std::uint64_t next_epoch(std::uint64_t of_journal, std::uint64_t of_lock) {
  if (of_journal >= kHighestEpoch) {
    throw Error(ErrorKind::needs_person, "the journal's last epoch is " + std::to_string(of_journal) +
                                             ", above which there is none: restore the journal from a copy");
  }
  const bool odd = !odd_epoch(of_journal, of_lock).empty();
  return (odd ? of_journal : std::max(of_journal, of_lock)) + 1;
}

HolderLife life_of(const LockHolder& holder, Platform& platform) {
  if (!holder.readable || holder.host != platform.host() || holder.machine != platform.machine()) {
    return HolderLife::unknown;
  }
  return platform.process_start(holder.pid) == holder.start ? HolderLife::alive : HolderLife::dead;
}

StoreLock::StoreLock(Platform& platform, fs::path file, FileDescriptor held, std::uint64_t previous_epoch)
    : platform_(&platform), file_(std::move(file)), held_(std::move(held)), previous_epoch_(previous_epoch) {}

StoreLock::~StoreLock() {
  if (held_ && ours()) ::unlink(file_.c_str());
}

// Creates `file` exclusively with this process's line; an empty descriptor if it exists.
FileDescriptor StoreLock::write_own(Platform& platform, const fs::path& file) {
  FileDescriptor out(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!out) {
    if (errno == EEXIST) return out;
    throw FileError(file, "cannot be created", errno);
  }
  const json rest = {{"host", platform.host()},
                     {"pid", platform.process()},
                     {"start", platform.process_start(platform.process()).value_or("")},
                     {"machine", platform.machine()},
                     {"since", platform.now()}};
  const std::string line = numbers(0, 0) + "," + rest.dump().substr(1) + "\n";
  if (!write_all(platform, out.get(), line) || platform.fsync(out.get()) != 0) {
    const int error = errno;
    ::unlink(file.c_str());
    throw FileError(file, "cannot be written", error);
  }
  return out;
}

// Replaces `stale` by our lock; an empty descriptor if another process was faster.
FileDescriptor StoreLock::take_over(Platform& platform, const fs::path& file, const LockHolder& stale) {
  FileDescriptor old(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!old) return {};
  // Two takers of one stale lock: the second waits here for no one, or finds the content changed.
  if (::flock(old.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return {};
  const auto now = read_lock(file);
  if (!now || now->content != stale.content) return {};
  const fs::path own = lock_candidate(file, platform.host(), platform.process());
  ::unlink(own.c_str());  // of a killed process that had our id
  FileDescriptor held = write_own(platform, own);
  if (!held) return {};
  if (platform.rename(own.c_str(), file.c_str()) != 0) {
    const int error = errno;
    ::unlink(own.c_str());
    throw FileError(file, "cannot be taken over", error);
  }
  return held;
}

namespace {

// Watches a holder whose life is unknown. Returns once its lock has not changed for `stale_after` seconds, or is gone.
void watch(Platform& platform, const fs::path& file, const LockHolder& holder, double stale_after,
           const std::function<void(const std::string&)>& say) {
  say(file.string() + ": held by " + holder.described() + "; watching it for " +
      std::to_string(static_cast<int>(stale_after)) + " s for a renewal of its lock");
  const double begin = platform.steady();
  double waited = 0;
  while (waited < stale_after) {
    platform.sleep(std::clamp(stale_after - waited, 0.01, 1.0));
    const auto now = read_lock(file);
    if (!now) return;
    if (now->content != holder.content) throw held_by(file, *now, "it has just renewed its lock");
    waited = platform.steady() - begin;
  }
}

}  // namespace

StoreLock StoreLock::take(Platform& platform, fs::path file, double stale_after,
                          const std::function<void(const std::string&)>& say) {
  FileDescriptor held = write_own(platform, file);
  if (held) return StoreLock(platform, std::move(file), std::move(held), 0);
  const auto holder = read_lock(file);
  std::error_code error;
  if (fs::is_symlink(file, error)) throw not_a_lock(file, "is a link");
  if (holder && !holder->trouble.empty()) throw not_a_lock(file, holder->trouble);
  if (holder) {
    const HolderLife life = life_of(*holder, platform);
    if (life == HolderLife::alive) throw held_by(file, *holder, "that process is alive");
    if (life == HolderLife::unknown) watch(platform, file, *holder, stale_after, say);
    held = take_over(platform, file, *holder);
    if (held) say(file.string() + ": took over the lock of a run that has ended (" + holder->described() + ")");
  }
  if (!held) held = write_own(platform, file);  // the holder ended while we looked
  if (!held) throw held_by(file, read_lock(file).value_or(LockHolder{}), "it was faster");
  return StoreLock(platform, std::move(file), std::move(held), holder ? holder->epoch : 0);
}

bool StoreLock::ours() const {
  struct stat mine = {}, there = {};
  return ::fstat(held_.get(), &mine) == 0 && ::stat(file_.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

void StoreLock::check() const {
  if (ours()) return;
  const auto holder = read_lock(file_);
  if (holder) {
    throw Error(ErrorKind::needs_person, file_.string() + ": this run's lock is gone (now " + holder->described() +
                                             "): another run writes the store, so this run commits nothing more");
  }
  std::error_code error;
  const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) {
    throw Error(ErrorKind::needs_person,
                folder.string() + ": the store's folder was removed, moved or replaced " +
                    "during this run, which commits nothing more: put it back, then run again");
  }
  throw Error(ErrorKind::needs_person, file_.string() +
                                           ": another program removed this run's lock. Another run may have begun to "
                                           "write the store, so this one commits nothing more: run again");
}

// In place, through our own descriptor: if the lock was taken over, this changes the old file, not the new one.
void StoreLock::write_numbers() {
  const std::string text = numbers(epoch_, beat_);
  if (::lseek(held_.get(), 0, SEEK_SET) != 0 || !write_all(*platform_, held_.get(), text) ||
      platform_->fsync(held_.get()) != 0) {
    throw FileError(file_, "cannot be renewed", errno);
  }
}

void StoreLock::set_epoch(std::uint64_t epoch) {
  check();
  epoch_ = epoch;
  write_numbers();
}

void StoreLock::renew() {
  check();
  ++beat_;
  write_numbers();
}

}  // namespace mtlgrid

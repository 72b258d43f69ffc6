#include "orchestrator/rehearsal/rehearsal_checks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

constexpr int kAppends = 300;
// Guessed: a commit waits for one fsync, and several are made a second at most.
constexpr double kSlowFsync = 0.05, kUselessFsync = 1;
constexpr double kSkewSeconds = 1;  // times of attempts are for people; an allocation's end is not met closer than that
constexpr int kFilesOfRank = 128, kFilesOfTrainer = 8;  // libraries, MPI, the store; pipes and log, with room

FileDescriptor open_file(const fs::path& file) {
  FileDescriptor opened(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!opened) throw FileError(file, "cannot be created", errno);
  return opened;
}

// A lock of the open file, not of the process, on the whole of it: closing another descriptor does not drop it.
bool fcntl_lock(int file) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(file, F_OFD_SETLK, &whole) == 0;
}

bool refused() { return errno == EWOULDBLOCK || errno == EAGAIN || errno == EACCES; }

std::string gigabytes(double bytes) { return fmt::format("{:.1f} GB", bytes / 1e9); }

}  // namespace

std::string file_system_name(const fs::path& folder) {
  struct statfs facts {};
  if (::statfs(folder.c_str(), &facts) != 0) throw FileError(folder, "its file system cannot be asked", errno);
  const auto magic = static_cast<std::uint32_t>(facts.f_type);
  // statfs(2), and the sources of Lustre, GPFS and BeeGFS.
  static const std::map<std::uint32_t, std::string> kNames = {
      {0x6969, "nfs"},        {0xEF53, "ext"},         {0x58465342, "xfs"},    {0x01021994, "tmpfs"},
      {0x9123683E, "btrfs"},  {0x794C7630, "overlay"}, {0x0BD00BD0, "lustre"}, {0x47504653, "gpfs"},
      {0x19830326, "beegfs"}, {0x2FC12FC1, "zfs"},     {0x00C36400, "ceph"},   {0x65735546, "fuse"},
      {0xFF534D42, "cifs"},   {0xFE534D42, "smb2"},    {0x01021997, "9p"}};
  const auto known = kNames.find(magic);
  return known != kNames.end() ? known->second : fmt::format("{:#x}", magic);
}

Finding check_fsync(Platform& platform, const fs::path& folder, double budget) {
  const fs::path file = folder / "fsync.probe";
  const FileDescriptor out = open_file(file);
  std::vector<double> took;
  const double begun = platform.steady();
  int error = 0;
  while (static_cast<int>(took.size()) < kAppends && platform.steady() - begun < budget && error == 0) {
    const double before = platform.steady();
    if (!write_all(platform, out.get(), std::string(200, 'x')) || platform.fsync(out.get()) != 0) error = errno;
    took.push_back(platform.steady() - before);
  }
  ::unlink(file.c_str());
  if (error != 0) throw FileError(file, "cannot be appended to and synchronised", error);
  std::sort(took.begin(), took.end());
  const auto quantile = [&](double q) {
    return took[static_cast<std::size_t>(q * static_cast<double>(took.size() - 1))];
  };
  const double p50 = quantile(0.5), p99 = quantile(0.99);
  Finding finding{Verdict::ok, "fsync of the store's folder",
                  fmt::format("{}: p50 {:.2f} ms, p99 {:.2f} ms of {}", file_system_name(folder), p50 * 1e3, p99 * 1e3,
                              took.size()),
                  ""};
  if (p50 > kSlowFsync) {
    finding.verdict = p50 > kUselessFsync ? Verdict::problem : Verdict::warning;
    finding.change = "put the store on a faster file system: every commit waits for one fsync";
  } else if (file_system_name(folder) == "tmpfs") {
    finding.verdict = Verdict::warning;
    finding.change = "put the store on a disk: this file system is memory and does not survive a reboot";
  }
  return finding;
}

Finding check_rename(Platform& platform, const fs::path& folder) {
  const fs::path file = folder / "rename.probe";
  constexpr int kTimes = 20;
  int stale = 0;
  for (int i = 0; i < kTimes; ++i) {
    const std::string content = std::string(4096, static_cast<char>('a' + i));
    write_by_rename(platform, file, content);
    std::ifstream in(file, std::ios::binary);
    if (std::string(std::istreambuf_iterator<char>(in), {}) != content) ++stale;
  }
  ::unlink(file.c_str());
  return {stale == 0 ? Verdict::ok : Verdict::problem, "files replaced by rename",
          fmt::format("{} of {} read back old or half", stale, kTimes),
          stale == 0 ? "" : "put the store on another file system: renames are not atomic on this one"};
}

nlohmann::json try_locks(const fs::path& file) {
  const FileDescriptor mine(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!mine) throw FileError(file, "cannot be opened", errno);
  const bool flock_refused = ::flock(mine.get(), LOCK_EX | LOCK_NB) != 0 && refused();
  const bool fcntl_refused = !fcntl_lock(mine.get()) && refused();
  return {{"flock", flock_refused}, {"fcntl", fcntl_refused}};
}

FileDescriptor hold_locks(const fs::path& file) {
  FileDescriptor held = open_file(file);
  if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0) throw FileError(file, "cannot be locked with flock", errno);
  // Where flock is made of fcntl (NFS) the second is the same lock, of the same open file.
  if (!fcntl_lock(held.get())) throw FileError(file, "cannot be locked with fcntl", errno);
  return held;
}

Finding check_locks(const fs::path& folder) {
  const fs::path file = folder / "lock.probe";
  Finding finding{Verdict::ok, "locks, one node", "", ""};
  try {
    const FileDescriptor held = hold_locks(file);
    const nlohmann::json tried = try_locks(file);
    finding.measured = fmt::format("flock {}, fcntl {}", tried.at("flock") ? "excludes" : "does not exclude",
                                   tried.at("fcntl") ? "excludes" : "does not exclude");
    if (!tried.at("flock") || !tried.at("fcntl")) finding.verdict = Verdict::problem;
  } catch (const Error& e) {
    finding.verdict = Verdict::problem;
    finding.measured = e.what();
  }
  ::unlink(file.c_str());
  if (finding.verdict != Verdict::ok) finding.change = "mount the file system with locks, or move the store";
  return finding;
}

double free_bytes(const fs::path& folder) {
  struct statvfs facts {};
  if (::statvfs(folder.c_str(), &facts) != 0) throw FileError(folder, "its free space cannot be asked", errno);
  return static_cast<double>(facts.f_bavail) * static_cast<double>(facts.f_frsize);
}

Finding check_space(const std::string& check, const fs::path& folder, double needed, double free) {
  Finding finding{Verdict::ok, check,
                  fmt::format("{} free in {}, about {} needed", gigabytes(free), folder.string(), gigabytes(needed)),
                  ""};
  if (free < 2 * needed) finding.verdict = free < needed ? Verdict::problem : Verdict::warning;
  if (finding.verdict != Verdict::ok) finding.change = "free space there, or use another folder; quotas are not seen";
  return finding;
}

Finding check_open_files(const std::string& who, std::uint64_t limit, int trainers) {
  const std::uint64_t needed = kFilesOfRank + kFilesOfTrainer * static_cast<std::uint64_t>(std::max(0, trainers));
  Finding finding{Verdict::ok, "open files, " + who, fmt::format("{} allowed, up to {} needed", limit, needed), ""};
  if (limit < needed) {
    finding.verdict = Verdict::problem;
    finding.change = fmt::format("put `ulimit -n {}` into the batch script", needed);
  }
  return finding;
}

void ClockSkew::add(double sent, double there, double received) {
  ++exchanges_;
  const double bound = (received - sent) / 2;
  if (bound >= bound_) return;
  bound_ = bound;
  skew_ = there - (sent + received) / 2;
}

Finding ClockSkew::finding(const std::string& who) const {
  Finding finding{Verdict::ok, "clock, " + who,
                  fmt::format("{:+.2f} ms from rank 0's, within {:.2f} ms", skew_ * 1e3, bound_ * 1e3), ""};
  if (std::abs(skew_) - bound_ > kSkewSeconds) {
    finding.verdict = Verdict::warning;
    finding.change = "have the node's clock set (NTP): recorded times differ, --ends is met by rank 0's clock";
  }
  return finding;
}

std::string render_findings(const std::vector<Finding>& findings) {
  std::size_t width = 0;
  for (const Finding& f : findings) width = std::max(width, f.check.size());
  std::string text;
  for (const Finding& f : findings) {
    const char* verdict = f.verdict == Verdict::ok ? "ok" : f.verdict == Verdict::warning ? "WARNING" : "PROBLEM";
    text += fmt::format("{:<8} {:<{}}  {}\n", verdict, f.check, width, f.measured);
    if (!f.change.empty()) text += fmt::format("         -> {}\n", f.change);
  }
  return text;
}

Verdict worst(const std::vector<Finding>& findings) {
  Verdict verdict = Verdict::ok;
  for (const Finding& f : findings) verdict = std::max(verdict, f.verdict);
  return verdict;
}

}  // namespace mtlgrid

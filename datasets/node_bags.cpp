#include "datasets/node_bags.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/errors.h"
#include "base/telling.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::milliseconds kLockPoll(20);

// Whether `name` is still the file that `held` has open: the process that removes the bags removes their lock too.
bool still_named(const FileDescriptor& held, const fs::path& name) {
  struct stat mine {
  }, there{};
  return ::fstat(held.get(), &mine) == 0 && ::stat(name.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

bool lock_file(const FileDescriptor& file, int how) {
  int result = 0;
  do result = ::flock(file.get(), how);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

// The lock under which the file is built, opened and removed. Waits for the process that builds it, and calls `check`
// meanwhile.
FileDescriptor take_lock(const fs::path& name, const std::function<void()>& check) {
  for (;;) {
    FileDescriptor lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    bool locked = lock && lock_file(lock, LOCK_EX | LOCK_NB);
    while (lock && !locked && errno == EWOULDBLOCK) {
      if (check) check();
      std::this_thread::sleep_for(kLockPoll);
      locked = lock_file(lock, LOCK_EX | LOCK_NB);
    }
    if (!locked) {
      throw Error(ErrorKind::needs_person,
                  fmt::format("{}: cannot be locked: {}", name.string(), std::strerror(errno)));
    }
    if (still_named(lock, name)) return lock;
  }
}

std::unique_ptr<BagFile> map_or_build(const fs::path& file, const std::string& key, const NodeBags::Build& build,
                                      const std::function<void(const std::string&)>& say) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(file, error))) {
    try {
      return std::make_unique<BagFile>(file, key, say);
    } catch (const InputError& e) {
      say(fmt::format("{}; building it again", e.what()));
    }
  }
  build(file, key);
  return std::make_unique<BagFile>(file, key, say);
}

}  // namespace

fs::path default_bag_folder() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

NodeBags::NodeBags(fs::path file, fs::path lock_name, bool keep, std::unique_ptr<BagFile> bags)
    : file_(std::move(file)),
      lock_name_(std::move(lock_name)),
      keep_(keep),
      use_(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)),
      bags_(std::move(bags)) {
  if (!use_ || !lock_file(use_, LOCK_SH)) {
    throw Error(ErrorKind::needs_person, fmt::format("{}: cannot be shared: {}", file_.string(), std::strerror(errno)));
  }
}

std::unique_ptr<NodeBags> NodeBags::open(const NodeBagsSettings& settings, const std::vector<BagSource>& sources,
                                         const Build& build, const std::function<void(const std::string&)>& say,
                                         const std::function<void()>& check) {
  const std::string key = bag_key(sources);
  // The user is part of the name: users of one node do not stand in each other's way.
  const fs::path file = settings.folder / fmt::format("mtlgrid-bags-{}-{}", ::geteuid(), key),
                 lock_name = file.string() + ".lock";
  FileDescriptor lock;
  try {
    lock = take_lock(lock_name, check);
    auto bags = map_or_build(file, key, build, say);
    return std::unique_ptr<NodeBags>(new NodeBags(file, lock_name, settings.keep, std::move(bags)));
  } catch (const Error& e) {
    if (lock) ::unlink(lock_name.c_str());
    if (check) check();
    say(fmt::format("bags are not shared on this node: {}; this process reads the feature files itself", e.what()));
    return nullptr;
  }
}

NodeBags::~NodeBags() {
  if (keep_) return;
  try {
    const FileDescriptor lock = take_lock(lock_name_, {});
    // Exclusive only if nobody else uses it: then this is the last one. A file that was built again under its name is
    // not ours.
    if (!lock_file(use_, LOCK_EX | LOCK_NB) || !still_named(use_, file_)) return;
    ::unlink(file_.c_str());
    ::unlink(lock_name_.c_str());
  } catch (const Error& e) {
    tell_line(std::string(e.what()) + "; the shared bag file was not removed");
  }
}

}  // namespace mtlgrid

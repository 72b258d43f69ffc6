#include "datasets/bags/node_bags.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/errors.h"
#include "base/files.h"
#include "base/telling.h"

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

// A process that ends does not wait for one that opens or builds the file: then it is not the last.
constexpr std::chrono::milliseconds kAtTheEnd(2'000);

fs::path lock_name(const fs::path& file) { return file.string() + ".lock"; }

// Whether `name` is still the file that `held` has open: the process that removes the bags removes their lock too.
bool still_named(int held, const fs::path& name) {
  struct stat mine {
  }, there{};
  return ::fstat(held, &mine) == 0 && ::lstat(name.c_str(), &there) == 0 && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

// Others may make files in the folder: a link is not followed, a pipe not waited for, another user's file not locked.
FileDescriptor open_lock(const fs::path& name) {
  FileDescriptor lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  struct stat status {};
  if (!lock || ::fstat(lock.get(), &status) != 0) {
    throw Error(ErrorKind::needs_person, fmt::format("{}: cannot be locked: {}", name.string(), std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) {
    throw Error(ErrorKind::needs_person,
                fmt::format("{}: cannot be locked: not a plain file of this user", name.string()));
  }
  return lock;
}

// The lock under which `file` is built, opened and removed.
FileDescriptor take_lock(const fs::path& file, LockWait& wait) {
  const fs::path name = lock_name(file);
  for (;;) {
    FileDescriptor lock = open_lock(name);
    wait.take(lock, LOCK_EX, name);
    if (still_named(lock.get(), name)) return lock;
  }
}

std::unique_ptr<BagFile> open_or_build(const fs::path& file, const std::vector<BagSource>& sources,
                                       const NodeBags::Build& build,
                                       const std::function<void(const std::string&)>& say) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(file, error))) {
    try {
      return std::make_unique<BagFile>(file, sources, say);
    } catch (const InputError& e) {
      say(fmt::format("{}; building it again", e.what()));
    }
  }
  build(file);
  return std::make_unique<BagFile>(file, sources, say);
}

}  // namespace

fs::path default_bag_folder() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

NodeBags::NodeBags(fs::path file, const NodeBagsSettings& settings, std::unique_ptr<BagFile> bags)
    : file_(std::move(file)),
      keep_(settings.keep),
      patience_{std::min(settings.patience.without_progress, kAtTheEnd), kAtTheEnd},
      bags_(std::move(bags)) {}

std::unique_ptr<NodeBags> NodeBags::open(const NodeBagsSettings& settings, const std::vector<BagSource>& sources,
                                         const Build& build, const std::function<void(const std::string&)>& say,
                                         const std::function<void()>& check) {
  // The user is part of the name: users of one node do not stand in each other's way.
  const fs::path file = settings.folder / fmt::format("mtlgrid-bags-{}-{}", ::geteuid(), bag_key(sources));
  FileDescriptor lock;
  try {
    LockWait wait(settings.patience, beside(file, AtomicFileOptions{}.suffix), say, check);
    lock = take_lock(file, wait);
    auto bags = open_or_build(file, sources, build, say);
    wait.take(bags->descriptor(), LOCK_SH, file);
    return std::unique_ptr<NodeBags>(new NodeBags(file, settings, std::move(bags)));
  } catch (const Error& e) {
    if (lock) ::unlink(lock_name(file).c_str());
    if (check) check();
    say(fmt::format("bags are not shared on this node: {}; this process reads the feature files itself", e.what()));
    return nullptr;
  }
}

NodeBags::~NodeBags() {
  if (keep_) return;
  try {
    LockWait wait(patience_, {}, [](const std::string&) {}, {});
    const FileDescriptor lock = take_lock(file_, wait);
    // Exclusive only if nobody else uses it: then this is the last one. A file that was built again under its name is
    // not ours.
    const int mine = bags_->descriptor().get();
    if (::flock(mine, LOCK_EX | LOCK_NB) != 0 || !still_named(mine, file_)) return;
    ::unlink(file_.c_str());
    ::unlink(lock_name(file_).c_str());
  } catch (const Error& e) {
    tell_line(std::string(e.what()) + "; the shared bag file was not removed");
  }
}

}  // namespace mtlgrid

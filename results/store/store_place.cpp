#include "results/store/store_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/errors.h"
#include "base/files.h"
#include "results/store/layout.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& store, const std::string& why) {
  throw InputError(fmt::format("[grid] store: {}: {}; name another place", store.string(), why));
}

// The folder that is there already: the store's own, or the nearest above it.
fs::path folder_that_exists(const fs::path& store) {
  for (fs::path folder = store.parent_path();; folder = folder.parent_path()) {
    struct stat found {};
    if (::stat(folder.c_str(), &found) == 0) {
      if (S_ISDIR(found.st_mode)) return folder;
      refuse(store, folder.string() + " is a file, expected a folder");
    }
    const int code = errno;
    if (code == ENOENT && ::lstat(folder.c_str(), &found) == 0) {
      refuse(store, folder.string() + " is a link that leads nowhere");
    }
    if ((code != ENOENT && code != ENOTDIR) || folder == folder.parent_path()) {
      throw FileError(folder, fmt::format("the folder of the store {} cannot be looked at", store.string()), code);
    }
  }
}

void check_permission(const fs::path& path, int wanted, const std::string& doing) {
  if (::faccessat(AT_FDCWD, path.c_str(), wanted, AT_EACCESS) != 0) throw FileError(path, doing, errno);
}

void check_folder(const fs::path& folder, const fs::path& store) {
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) == 0 &&
      (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC || system.f_type == CGROUP2_SUPER_MAGIC)) {
    refuse(store, folder.string() + " belongs to the kernel and keeps no files");
  }
  const std::string doing = fmt::format("the store {} cannot be made there", store.string());
  const FileDescriptor unnamed(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (unnamed) {
    if (!write_all(FileCalls::real(), unnamed.get(), std::string(4096, '\0'))) throw FileError(folder, doing, errno);
    return;
  }
  constexpr int kNoUnnamedFiles[] = {EOPNOTSUPP, EISDIR, ENOENT, EINVAL};
  const int code = errno;
  if (std::find(std::begin(kNoUnnamedFiles), std::end(kNoUnnamedFiles), code) == std::end(kNoUnnamedFiles)) {
    throw FileError(folder, doing, code);
  }
  check_permission(folder, W_OK | X_OK, doing);
}

}  // namespace

void check_store_place(const fs::path& store) {
  check_folder(folder_that_exists(store), store);
  struct stat found {};
  for (const StoreFile file : {StoreFile::database, StoreFile::journal}) {
    const fs::path path = store_path(store, file);
    if (::stat(path.c_str(), &found) == 0) check_permission(path, R_OK | W_OK, "cannot be written");
  }
  const fs::path folder = store_folder(store);
  if (::stat(folder.c_str(), &found) != 0) return;
  if (!S_ISDIR(found.st_mode)) refuse(store, folder.string() + " is a file, expected a folder");
  check_permission(folder, R_OK | W_OK | X_OK, "cannot be written");
}

void refuse_place_of_store(const char* option, const fs::path& out, const fs::path& store) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(fs::absolute(store), error);
  const fs::path wanted = fs::weakly_canonical(fs::absolute(out), error);
  const fs::path folder = store_folder(real);
  const bool beside = wanted.parent_path() == real.parent_path() &&
                      parse_store_name(real.filename().string(), wanted.filename().string()).has_value();
  const bool below = std::mismatch(folder.begin(), folder.end(), wanted.begin(), wanted.end()).first == folder.end();
  if (!beside && !below) return;
  throw InputError(fmt::format("{} {}: is part of the store {}, which it would replace; name another file", option,
                               out.string(), store.string()));
}

}  // namespace mtlgrid

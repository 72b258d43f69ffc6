#include "trainer/training/attempt_files.h"

#include <cerrno>
#include <cstdio>

#include "base/errors.h"
#include "base/files.h"
#include "base/system_error.h"
#include "results/store/store_folders.h"
#include "trainer/formats/container.h"

namespace mtlgrid {

namespace {

constexpr const char* kGone =
    "the folder of the store, or STORE.d in it, was removed, moved or replaced while the run used it: put it back";

// The folders above are not what they were: the same for every cell.
bool is_gone(const std::error_code& error) {
  const int code = error.value();
  return code == ENOENT || code == ENOTDIR || code == EEXIST || code == EISDIR || code == ELOOP;
}

[[noreturn]] void refuse(const std::filesystem::path& folder, const std::error_code& error, const char* doing) {
  if (is_gone(error)) throw Error(ErrorKind::needs_person, folder.string() + ": " + kGone + ", then run again");
  rethrow_for_a_trainer(FileError(folder, doing, error.value()), folder);
}

}  // namespace

void require_attempt_folder(const std::filesystem::path& folder) {
  const std::error_code error = make_attempt_folder(folder);
  if (error) refuse(folder, error, "cannot be made");
}

void write_in_attempt_folder(const std::filesystem::path& folder, const std::function<void()>& write) {
  try {
    return write();
  } catch (const SystemError& e) {
    if (!is_gone({e.number(), std::generic_category()})) throw;
  }
  const std::error_code error = make_attempt_folder(folder);
  if (error) refuse(folder, error, "cannot be made again");
  std::fprintf(stderr, "%s was removed: it was made again\n", folder.c_str());
  write();
}

}  // namespace mtlgrid

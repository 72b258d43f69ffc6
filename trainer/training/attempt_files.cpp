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

constexpr const char* kGone = "the folder of the store was removed or moved while the run used it: put it back";

}  // namespace

void require_attempt_folder(const std::filesystem::path& folder) {
  const std::error_code error = make_attempt_folder(folder);
  if (error) rethrow_for_a_trainer(FileError(folder, "cannot be made", error.value()), folder);
}

void write_in_attempt_folder(const std::filesystem::path& folder, const std::function<void()>& write) {
  try {
    return write();
  } catch (const SystemError& e) {
    if (e.number() != ENOENT) throw;
  }
  const std::error_code error = make_attempt_folder(folder);
  if (error.value() == ENOENT)
    throw Error(ErrorKind::needs_person, folder.string() + ": " + kGone + ", then run again");
  if (error) rethrow_for_a_trainer(FileError(folder, "cannot be made again", error.value()), folder);
  std::fprintf(stderr, "%s was removed: it was made again\n", folder.c_str());
  write();
}

}  // namespace mtlgrid

#include "results/store/store_folders.h"

#include <cerrno>

namespace mtlgrid {

namespace fs = std::filesystem;

namespace {

// STORE.d/grid-N/BIOMARKER/AUXILIARY/METHOD/FOLD/attempt-K and STORE.d/grid-N/logs.
constexpr int kAttemptLevels = 7, kLogLevels = 3;

// Makes `folder` where at most `levels` folders, it among them, are missing.
std::error_code make_folder(const fs::path& folder, int levels) {
  std::error_code error;
  int missing = 0;
  for (fs::path there = folder; !fs::exists(there, error) && there.has_relative_path(); there = there.parent_path()) {
    if (error) return error;
    if (++missing > levels) return {ENOENT, std::generic_category()};
  }
  fs::create_directories(folder, error);
  return error;
}

}  // namespace

std::error_code make_attempt_folder(const fs::path& folder) { return make_folder(folder, kAttemptLevels); }
std::error_code make_log_folder(const fs::path& folder) { return make_folder(folder, kLogLevels); }

}  // namespace mtlgrid

#include "orchestrator/commands/failure.h"

#include <filesystem>

#include "base/exit_status.h"
#include "base/limits.h"

namespace mtlgrid {

Failure failure_of(const std::exception& error) {
  if (const auto* own = dynamic_cast<const Error*>(&error)) return {own->what(), exit_status(own->kind())};
  if (const auto limit = limit_met(error)) return {limit->what(), kNeedsPerson};
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    const std::string what = file->code().message();
    return {file->path1().empty() ? what : file->path1().string() + ": " + what, kNeedsPerson};
  }
  return {std::string("internal error: ") + error.what(), kFatal};
}

}  // namespace mtlgrid

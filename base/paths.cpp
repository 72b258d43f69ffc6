#include "base/paths.h"

#include <system_error>

namespace mtlgrid {

namespace fs = std::filesystem;

fs::path system_path(const fs::path& path) {
  if (path.empty()) return path;
  const fs::path whole = fs::absolute(path);
  fs::path result = whole.root_path();
  for (const fs::path& part : whole.relative_path()) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      result /= part;
      continue;
    }
    std::error_code error;
    const bool link = fs::is_symlink(fs::symlink_status(result, error));
    const fs::path target = link ? fs::canonical(result, error) : result;
    result = link && error ? result / ".." : target.parent_path();
  }
  return whole.has_filename() ? result : result / "";
}

}  // namespace mtlgrid

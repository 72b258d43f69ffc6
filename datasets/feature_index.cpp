#include "datasets/feature_index.h"

#include <fmt/core.h>

#include "base/errors.h"

namespace fs = std::filesystem;

namespace mtlgrid {

FeatureIndex::FeatureIndex(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw InputError(fmt::format("{}: no such folder, expected one of feature files (.h5)", folder.string()));
  }
  try {
    list(folder);
  } catch (const fs::filesystem_error& e) {
    throw InputError(fmt::format("{}: cannot be listed: {}", folder.string(), e.code().message()));
  }
  if (files_.empty()) {
    throw InputError(fmt::format("{}: no feature file in it, expected files ending in .h5", folder.string()));
  }
}

void FeatureIndex::list(const fs::path& folder) {
  std::set<fs::path> visited;  // real paths of linked folders: a link to a folder above must not be followed endlessly
  visited.insert(fs::canonical(folder));
  const auto options = fs::directory_options::follow_directory_symlink;
  for (auto entry = fs::recursive_directory_iterator(folder, options); entry != fs::end(entry); ++entry) {
    if (entry->is_directory()) {
      if (!visited.insert(fs::canonical(entry->path())).second) entry.disable_recursion_pending();
    } else if (entry->path().extension() == ".h5") {
      const std::string relative = entry->path().lexically_relative(folder).generic_string();
      files_.insert(relative);
      named_[entry->path().filename().string()].push_back(relative);
    }
  }
}

std::vector<std::string> FeatureIndex::find(const std::string& filename) const {
  const fs::path path = fs::path(filename).lexically_normal();
  if (path.is_absolute() || path.begin() == path.end() || *path.begin() == "..") {
    throw InputError(fmt::format("'{}' is outside the feature folder, expected a path relative to it", filename));
  }
  const std::string name = path.generic_string();
  for (const auto& candidate : {name, name + ".h5"}) {
    if (files_.contains(candidate)) return {candidate};
  }
  if (path.has_parent_path()) return {};
  for (const auto& candidate : {name, name + ".h5"}) {
    if (const auto found = named_.find(candidate); found != named_.end()) return found->second;
  }
  return {};
}

}  // namespace mtlgrid

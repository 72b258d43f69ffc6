#include "datasets/feature_index.h"

#include <fmt/core.h>
#include <utf8.h>

#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "base/system_error.h"

namespace fs = std::filesystem;

namespace mtlgrid {
namespace {

// The path below `folder` as text alone: nullopt where it is not below it, or has `..`.
std::optional<std::string> below(const fs::path& folder, const fs::path& path) {
  const fs::path relative = path.lexically_relative(folder);
  const bool inside = !relative.empty() && *relative.begin() != ".." && *relative.begin() != ".";
  return inside ? std::optional(relative.generic_string()) : std::nullopt;
}

bool has_dots(const fs::path& path) { return std::find(path.begin(), path.end(), "..") != path.end(); }

}  // namespace

FeatureIndex::FeatureIndex(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
      throw system_error(folder, error.value());
    }
    throw InputError(fmt::format("{}: no such folder, expected one of feature files (.h5)", folder.string()));
  }
  std::set<fs::path> visited;  // real paths of folders: a link to a folder above must not be followed endlessly
  visited.insert(fs::canonical(folder, error));
  list(folder, "", visited);
  if (files_.empty()) {
    throw InputError(fmt::format("{}: no feature file in it, expected files ending in .h5", folder.string()));
  }
  for (auto& [name, paths] : named_) std::sort(paths.begin(), paths.end());
}

void FeatureIndex::list(const fs::path& folder, const std::string& prefix, std::set<fs::path>& visited) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    take(*entry, prefix + entry->path().filename().string(), visited);
  }
  if (!error) return;
  // A folder that would be read a moment later would be another cohort then.
  if (prefix.empty() || may_pass(error.value())) throw system_error(folder, error.value());
  unread_.push_back({prefix.substr(0, prefix.size() - 1), error.message()});
}

void FeatureIndex::take(const fs::directory_entry& entry, const std::string& relative, std::set<fs::path>& visited) {
  std::error_code error;
  const bool is_folder = entry.is_directory(error), h5 = entry.path().extension() == ".h5";
  if (!is_folder && !h5) return;
  if (!utf8::is_valid(relative.begin(), relative.end())) {
    unread_.push_back({relative, "its name is not UTF-8"});
  } else if (!is_folder) {
    files_.insert(relative);
    named_[entry.path().filename().string()].push_back(relative);
  } else if (visited.insert(fs::canonical(entry.path(), error)).second) {
    list(entry.path(), relative + "/", visited);
  }
}

FeatureIndex::Match FeatureIndex::find(const std::string& filename) const {
  if (fs::path(filename).is_absolute() || has_dots(filename)) return find_on_disk(filename);
  const fs::path path = fs::path(filename).lexically_normal();
  const std::string name = path.generic_string();
  for (const auto& candidate : {name, name + ".h5"}) {
    if (files_.contains(candidate)) return {{candidate}};
  }
  if (path.has_parent_path()) {
    // A folder that cannot be listed may be one that can be searched: reading the file will tell.
    const auto within = [&](const Unread& entry) { return name.starts_with(entry.path + "/"); };
    if (std::none_of(unread_.begin(), unread_.end(), within)) return {};
    return {{name.ends_with(".h5") ? name : name + ".h5"}};
  }
  for (const auto& candidate : {name, name + ".h5"}) {
    if (const auto found = named_.find(candidate); found != named_.end()) return {found->second};
  }
  return {};
}

FeatureIndex::Match FeatureIndex::find_on_disk(const fs::path& path) const {
  for (const fs::path& candidate : {path, fs::path(path.string() + ".h5")}) {
    const auto relative = has_dots(candidate) ? std::nullopt : below(folder_, candidate.lexically_normal());
    if (relative && files_.contains(*relative)) return {{*relative}};
  }
  std::error_code error;
  if (real_.empty()) {
    for (const std::string& file : files_) real_.emplace(fs::canonical(folder_ / file, error), file);
    real_.erase(fs::path());  // of links to no file
  }
  for (const fs::path& candidate : {path, fs::path(path.string() + ".h5")}) {
    const fs::path real = fs::canonical(folder_ / candidate, error);
    if (const auto found = real_.find(real); !error && found != real_.end()) return {{found->second}};
  }
  // No such file: whether it would be in the folder.
  const fs::path folder = fs::canonical(folder_, error);
  return {{},
          !below(folder_, (folder_ / path).lexically_normal()) &&
              !below(folder, fs::weakly_canonical(folder_ / path, error))};
}

bool FeatureIndex::is_folder(const std::string& filename) const {
  std::error_code error;
  const fs::path path = folder_ / filename;
  return fs::is_directory(path, error) || fs::is_directory(path.string() + ".h5", error);
}

}  // namespace mtlgrid

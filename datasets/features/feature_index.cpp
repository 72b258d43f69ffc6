#include "datasets/features/feature_index.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <utf8.h>

#include <algorithm>
#include <cerrno>

#include "base/errors.h"
#include "base/system_error.h"
#include "base/text.h"

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

std::string with_h5(const std::string& name) { return name.ends_with(".h5") ? name : name + ".h5"; }

// Folders that file systems and desktops make for themselves, often for the administrator alone.
bool is_of_the_system(const std::string& relative) {
  const std::string name = relative.substr(relative.rfind('/') + 1);
  return name == "lost+found" || name.starts_with(".");
}

}  // namespace

FeatureIndex::FeatureIndex(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
      throw system_error(folder, error.value());
    }
    throw InputError(fmt::format("{}: no such folder, expected one of feature files (.h5)", folder.string()));
  }
  Folders visited;
  enter(folder, visited);
  list(folder, "", visited);
  if (files_.empty()) {
    const auto closed =
        std::find_if(unread_.begin(), unread_.end(), [](const Unread& entry) { return entry.unlisted; });
    if (closed != unread_.end()) throw system_error(folder / closed->path, EACCES);
    throw InputError(
        fmt::format("{}: no feature file in it, expected files ending in .h5{}", folder.string(), what_is_there()));
  }
  for (auto& [name, paths] : named_) std::sort(paths.begin(), paths.end());
}

bool FeatureIndex::enter(const fs::path& folder, Folders& visited) {
  struct stat facts = {};
  if (::stat(folder.c_str(), &facts) != 0) return true;  // list() says what is wrong with it
  return visited.emplace(facts.st_dev, facts.st_ino).second;
}

void FeatureIndex::list(const fs::path& folder, const std::string& prefix, Folders& visited) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    take(*entry, prefix + entry->path().filename().string(), visited);
  }
  if (!error) return;
  // A folder that would be read a moment later would be another cohort then.
  if (prefix.empty() || may_pass(error.value())) throw system_error(folder, error.value());
  const std::string relative = prefix.substr(0, prefix.size() - 1);
  unread_.push_back({relative, error.message(), !is_of_the_system(relative)});
}

void FeatureIndex::take(const fs::directory_entry& entry, const std::string& relative, Folders& visited) {
  std::error_code error;
  const bool is_folder = entry.is_directory(error), h5 = entry.path().extension() == ".h5";
  if (error == std::errc::permission_denied && !h5) {  // a link to what may be a folder
    unread_.push_back({relative, error.message(), !is_of_the_system(relative)});
  } else if (!is_folder && !h5) {
    if (const std::string suffix = entry.path().extension().string(); !suffix.empty()) ++other_suffixes_[suffix];
  } else if (!utf8::is_valid(relative.begin(), relative.end())) {
    pass_over_misnamed(entry, relative, is_folder);
  } else if (!is_folder) {
    files_.insert(relative);
    named_[entry.path().filename().string()].push_back(relative);
  } else if (enter(entry.path(), visited)) {
    list(entry.path(), relative + "/", visited);
  }
}

void FeatureIndex::pass_over_misnamed(const fs::directory_entry& entry, const std::string& relative, bool is_folder) {
  unread_.push_back({relative, "its name is not UTF-8"});
  if (!is_folder) return;
  std::error_code error;
  fs::recursive_directory_iterator file(entry.path(), fs::directory_options::skip_permission_denied, error);
  for (; !error && file != fs::recursive_directory_iterator(); file.increment(error)) {
    if (file->path().extension() == ".h5") misnamed_.emplace(file->path().filename().string(), relative);
  }
}

// "; it has 24 files in .pt, 1 file in .csv: ...", with what to do about the most frequent suffix; "" if it is empty.
std::string FeatureIndex::what_is_there() const {
  std::vector<std::pair<std::string, std::size_t>> suffixes(other_suffixes_.begin(), other_suffixes_.end());
  if (suffixes.empty()) return "";
  std::stable_sort(suffixes.begin(), suffixes.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> parts;
  for (const auto& [suffix, count] : suffixes) {
    if (parts.size() == 3) break;
    parts.push_back(fmt::format("{} in {}", counted(static_cast<std::int64_t>(count), "file"), printable(suffix)));
  }
  std::string most = suffixes.front().first;
  std::transform(most.begin(), most.end(), most.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  const bool hdf5 = most == ".h5" || most == ".hdf5" || most == ".hdf" || most == ".he5";
  const std::string advice = hdf5 ? fmt::format("rename {} to .h5 if they are HDF5", suffixes.front().first)
                                  : "features are read from HDF5 files alone: give their folder, or convert them";
  return fmt::format("; it has {}: {}", fmt::join(parts, ", "), advice);
}

std::optional<std::string> FeatureIndex::below_unread(const std::string& relative) const {
  const auto within = [&](const Unread& entry) { return relative.starts_with(entry.path + "/"); };
  if (std::none_of(unread_.begin(), unread_.end(), within)) return std::nullopt;
  return with_h5(relative);
}

FeatureIndex::Match FeatureIndex::find(const std::string& filename) const {
  if (fs::path(filename).is_absolute() || has_dots(filename)) return find_on_disk(filename);
  const fs::path path = fs::path(filename).lexically_normal();
  const std::string name = path.generic_string();
  for (const auto& candidate : {name, name + ".h5"}) {
    if (files_.contains(candidate)) return {{candidate}};
  }
  if (!path.has_parent_path()) return find_bare(name);
  const auto unread = below_unread(name);
  return unread ? Match{{*unread}} : Match{};
}

FeatureIndex::Match FeatureIndex::find_bare(const std::string& name) const {
  std::error_code error;
  for (const auto& candidate : {name, name + ".h5"}) {
    if (const auto found = named_.find(candidate); found != named_.end()) return {found->second};
  }
  for (const auto& candidate : {name, name + ".h5"}) {
    if (!candidate.ends_with(".h5")) continue;
    Match match;  // in folders that can be searched, though not listed
    for (const Unread& entry : unread_) {
      if (entry.unlisted && fs::exists(folder_ / entry.path / candidate, error)) {
        match.files.push_back(entry.path + "/" + candidate);
      }
    }
    if (const auto found = misnamed_.find(candidate); found != misnamed_.end()) match.misnamed_folder = found->second;
    if (!match.files.empty() || !match.misnamed_folder.empty()) return match;
  }
  return {};
}

bool FeatureIndex::may_be_unlisted(const std::string& filename) const {
  // A path below such a folder was found: reading the file tells.
  if (fs::path(filename).is_absolute() || fs::path(filename).lexically_normal().has_parent_path()) return false;
  return std::any_of(unread_.begin(), unread_.end(), [](const Unread& entry) { return entry.unlisted; });
}

FeatureIndex::Match FeatureIndex::find_on_disk(const fs::path& path) const {
  for (const fs::path& candidate : {path, fs::path(path.string() + ".h5")}) {
    const auto relative = has_dots(candidate) ? std::nullopt : below(folder_, candidate.lexically_normal());
    if (relative && files_.contains(*relative)) return {{*relative}};
    const auto unread = relative ? below_unread(*relative) : std::nullopt;
    if (unread) return {{*unread}};
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

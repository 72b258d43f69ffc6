#include "datasets/features/feature_index.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <utf8.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

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

constexpr std::string_view kSuffixes[] = {".h5", ".pt"};

bool is_feature_file(const fs::path& path) {
  return path.extension() == kSuffixes[0] || path.extension() == kSuffixes[1];
}

std::string with_suffix(const std::string& name) { return is_feature_file(name) ? name : name + ".h5"; }

// The names that a file may have for which a table says `name`: first those of HDF5 files, then those of PyTorch's. A
// folder of HDF5 files means the same whatever PyTorch files are beside them.
std::array<std::vector<std::string>, 2> candidates(const std::string& name) {
  std::array<std::vector<std::string>, 2> names;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string other(kSuffixes[1 - i]);
    if (i == 0 ? !name.ends_with(other) : name.ends_with(kSuffixes[1])) names[i].push_back(name);
    names[i].push_back(name + std::string(kSuffixes[i]));
  }
  for (std::size_t i = 0; i < 2; ++i) {  // what the other program would have written
    if (!name.ends_with(kSuffixes[i])) continue;
    names[1].push_back(name.substr(0, name.size() - kSuffixes[i].size()) + std::string(kSuffixes[1 - i]));
  }
  return names;
}

std::vector<std::string> all_candidates(const std::string& name) {
  auto [names, more] = candidates(name);
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

// Where the slide of `path` may have its file in the other format: beside it, or in CLAM's folders.
std::vector<std::string> twins(const std::string& path) {
  const bool pt = path.ends_with(kSuffixes[1]);
  const fs::path other = fs::path(path).replace_extension(pt ? kSuffixes[0] : kSuffixes[1]);
  std::vector<std::string> out{other.generic_string()};
  const fs::path folder = other.parent_path();
  if (folder.filename() == (pt ? "pt_files" : "h5_files")) {
    out.push_back((folder.parent_path() / (pt ? "h5_files" : "pt_files") / other.filename()).generic_string());
  }
  return out;
}

// Folders that file systems and desktops make for themselves, often for the administrator alone.
bool is_of_the_system(const std::string& relative) {
  const std::string name = relative.substr(relative.rfind('/') + 1);
  return name == "lost+found" || name.starts_with(".");
}

}  // namespace

std::vector<std::string> one_of_each_slide(const std::set<std::string>& files) {
  std::vector<std::string> out;
  for (const std::string& file : files) {
    const std::vector<std::string> others = file.ends_with(kSuffixes[1]) ? twins(file) : std::vector<std::string>();
    if (std::none_of(others.begin(), others.end(), [&](const std::string& other) { return files.contains(other); })) {
      out.push_back(file);
    }
  }
  return out;
}

FeatureIndex::FeatureIndex(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
      throw system_error(folder, error.value());
    }
    throw InputError(fmt::format("{}: no such folder, expected one of feature files (.h5, .pt)", folder.string()));
  }
  Folders visited;
  enter(folder, visited);
  list(folder, "", visited);
  if (files_.empty()) {
    const auto closed =
        std::find_if(unread_.begin(), unread_.end(), [](const Unread& entry) { return entry.unlisted; });
    if (closed != unread_.end()) throw system_error(folder / closed->path, EACCES);
    throw InputError(fmt::format("{}: no feature file in it, expected files ending in .h5 or .pt{}", folder.string(),
                                 what_is_there()));
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
  const bool is_folder = entry.is_directory(error), listed = is_feature_file(entry.path());
  if (error == std::errc::permission_denied && !listed) {  // a link to what may be a folder
    unread_.push_back({relative, error.message(), !is_of_the_system(relative)});
  } else if (!is_folder && !listed) {
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
    if (is_feature_file(file->path())) misnamed_.emplace(file->path().filename().string(), relative);
  }
}

// "; it has 24 files in .npy, 1 file in .csv: ...", with what to do about the most frequent suffix; "" if it is empty.
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
                                  : "features are read from HDF5 and PyTorch files: give their folder, or convert them";
  return fmt::format("; it has {}: {}", fmt::join(parts, ", "), advice);
}

std::optional<std::string> FeatureIndex::below_unread(const std::string& relative) const {
  const auto within = [&](const Unread& entry) { return relative.starts_with(entry.path + "/"); };
  if (std::none_of(unread_.begin(), unread_.end(), within)) return std::nullopt;
  return with_suffix(relative);
}

FeatureIndex::Match FeatureIndex::find(const std::string& filename) const {
  return of_one_slide(find_listed(filename));
}

FeatureIndex::Match FeatureIndex::of_one_slide(Match match) const {
  if (match.files.size() != 1) return match;
  const bool pt = match.files[0].ends_with(kSuffixes[1]);
  for (const std::string& twin : twins(match.files[0])) {
    if (!files_.contains(twin)) continue;
    match.passed_over = twin;
    if (pt) std::swap(match.files[0], match.passed_over);
    break;
  }
  return match;
}

FeatureIndex::Match FeatureIndex::find_listed(const std::string& filename) const {
  if (fs::path(filename).is_absolute() || has_dots(filename)) return find_on_disk(filename);
  const fs::path path = fs::path(filename).lexically_normal();
  const std::string name = path.generic_string();
  for (const std::vector<std::string>& names : candidates(name)) {
    for (const std::string& candidate : names) {
      if (files_.contains(candidate)) return {{candidate}};
    }
    for (const std::string& candidate : names) {
      const auto found = path.has_parent_path() ? named_.end() : named_.find(candidate);
      if (found != named_.end()) return {found->second};
    }
  }
  if (!path.has_parent_path()) return find_unlisted(name);
  const auto unread = below_unread(name);
  return unread ? Match{{*unread}} : Match{};
}

FeatureIndex::Match FeatureIndex::find_unlisted(const std::string& name) const {
  std::error_code error;
  for (const std::string& candidate : all_candidates(name)) {
    if (!is_feature_file(candidate)) continue;
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
  const std::vector<std::string> names = all_candidates(path.string());
  for (const fs::path candidate : names) {
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
  for (const fs::path candidate : names) {
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
  const std::vector<std::string> names = all_candidates(path.string());
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return fs::is_directory(name, error); });
}

}  // namespace mtlgrid

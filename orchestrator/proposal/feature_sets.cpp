#include "orchestrator/proposal/feature_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/system_error.h"
#include "base/text.h"
#include "datasets/cohorts/cohort_level.h"
#include "datasets/features/features.h"
#include "datasets/features/file_fault.h"

namespace fs = std::filesystem;

namespace mtlgrid {
namespace {

// Files directly in one folder.
struct Leaf {
  fs::path folder;
  std::vector<std::string> names;
  FeatureInfo info;
};

bool is_below(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// The header of one of three files; nullopt where none is of features. `fault` is what the last one said.
std::optional<FeatureInfo> sampled(const fs::path& folder, const std::vector<std::string>& names, FeatureReader& reader,
                                   std::string& fault) {
  const std::set<std::size_t> places = {names.size() / 2, 0, names.size() - 1};
  for (const std::size_t place : places) {
    try {
      return reader.read(folder / names[place], false, false).info;
    } catch (const FileFault& e) {
      fault = fmt::format("{}, {}", e.cause(), e.expected());
    } catch (const SystemError& e) {
      fault = e.cause();
    }
  }
  return std::nullopt;
}

// Of X.h5 and X.pt the first, which is what the join reads. `names` are ascending.
std::vector<std::string> each_slide_once(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (out.empty() || stem_of(out.back()) != stem_of(name)) out.push_back(name);
  }
  return out;
}

// CLAM writes every slide's features twice.
bool repeats_h5_files(const fs::path& folder, const FoundFiles& found) {
  return folder.filename() == "pt_files" && found.features.contains(folder.parent_path() / "h5_files");
}

// Coordinates of patches, as TRIDENT and CLAM write them beside features.
bool holds_coordinates(const fs::path& folder) { return folder.filename() == "patches"; }

std::vector<Leaf> leaves(const FoundFiles& found, FeatureReader& reader, std::vector<std::string>& notes) {
  std::vector<Leaf> out;
  for (const auto& [folder, all] : found.features) {
    if (repeats_h5_files(folder, found)) continue;
    const std::vector<std::string> names = each_slide_once(all);
    std::string fault;
    if (const auto info = sampled(folder, names, reader, fault)) {
      out.push_back({folder, names, *info});
    } else if (!holds_coordinates(folder)) {
      notes.push_back(fmt::format("{}: {} passed over: {}", folder.string(),
                                  counted(static_cast<std::int64_t>(names.size()), "file"), fault));
    }
  }
  return out;
}

bool same_features(const Leaf& a, const Leaf& b) {
  return a.info.width == b.info.width && extractor_of(a.info) == extractor_of(b.info) &&
         !level_difference(a.info.level, b.info.level);
}

// Whether the leaves may be one set: the same features, every file name once.
bool fit_together(const std::vector<const Leaf*>& some) {
  std::set<std::string> stems;
  for (const Leaf* leaf : some) {
    if (!same_features(*leaf, *some.front())) return false;
    for (const std::string& name : leaf->names) {
      if (!stems.insert(stem_of(name)).second) return false;
    }
  }
  return true;
}

fs::path common_folder(const std::vector<const Leaf*>& some) {
  fs::path common = some.front()->folder;
  for (const Leaf* leaf : some) {
    while (!is_below(leaf->folder, common)) common = common.parent_path();
  }
  return common;
}

FeatureSet made_of(const std::vector<const Leaf*>& some) {
  FeatureSet set;
  set.root = common_folder(some);
  set.info = some.front()->info;
  for (const Leaf* leaf : some) {
    const std::string folder = leaf->folder == set.root ? "" : leaf->folder.lexically_relative(set.root).string() + "/";
    for (const std::string& name : leaf->names) set.files.push_back(folder + name);
  }
  std::sort(set.files.begin(), set.files.end());
  for (std::size_t i = 0; i < set.files.size(); ++i) set.stems.emplace(stem_of(set.files[i]), i);
  return set;
}

class Grouping {
 public:
  Grouping(const FoundFiles& found, const std::vector<Leaf>& all) : found_(found), all_(all) {}

  void group(const fs::path& folder, std::vector<FeatureSet>& out) const {
    std::vector<const Leaf*> some;
    for (const Leaf& leaf : all_) {
      if (is_below(leaf.folder, folder)) some.push_back(&leaf);
    }
    if (some.empty()) return;
    if (some.size() == 1 || (!has_tables(folder) && fit_together(some))) {
      out.push_back(made_of(some));
      return;
    }
    std::set<fs::path> below;  // the folders directly in this one that hold features
    for (const Leaf* leaf : some) {
      if (leaf->folder == folder) out.push_back(made_of({leaf}));
      if (leaf->folder != folder) below.insert(folder / *leaf->folder.lexically_relative(folder).begin());
    }
    for (const fs::path& one : below) group(one, out);
  }

 private:
  bool has_tables(const fs::path& folder) const {
    return std::any_of(found_.tables.begin(), found_.tables.end(),
                       [&](const fs::path& table) { return is_below(table, folder); });
  }
  const FoundFiles& found_;
  const std::vector<Leaf>& all_;
};

}  // namespace

std::vector<FeatureSet> feature_sets(const FoundFiles& found, FeatureReader& reader, std::vector<std::string>& notes) {
  const std::vector<Leaf> all = leaves(found, reader, notes);
  std::vector<FeatureSet> sets;
  const Grouping grouping(found, all);
  for (const fs::path& folder : found.folders) {
    const bool inside_another = std::any_of(found.folders.begin(), found.folders.end(), [&](const fs::path& other) {
      return other != folder && is_below(folder, other);
    });
    if (!inside_another) grouping.group(folder, sets);
  }
  return sets;
}

std::string stem_of(const std::string& file) { return fs::path(file).stem().string(); }

std::string said_of(const FeatureSet& set) {
  const std::string extractor = extractor_of(set.info);
  const std::string cut = geometry_text(set.info.geometry);
  return fmt::format("{}, {}, {} features, {}{}", counted(static_cast<std::int64_t>(set.files.size()), "file"),
                     extractor.empty() ? "no extractor named" : "extractor " + printable(extractor), set.info.width,
                     level_text(set.info.level), cut.empty() ? "" : " of " + cut);
}

std::string feature_difference(const FeatureSet& set, const FeatureSet& other) {
  const auto named = [](const FeatureInfo& info) {
    const std::string extractor = extractor_of(info);
    return extractor.empty() ? std::string("none named") : printable(extractor);
  };
  const FeatureInfo &a = set.info, &b = other.info;
  if (extractor_of(a) != extractor_of(b)) return fmt::format("extractor {}, not {}", named(a), named(b));
  if (a.width != b.width) return fmt::format("{} features, not {}", a.width, b.width);
  if (level_difference(a.level, b.level)) return fmt::format("{}, not {}", level_text(a.level), level_text(b.level));
  const auto cut = geometry_difference(a.geometry, b.geometry);
  return cut ? "tiles of " + *cut : "";
}

}  // namespace mtlgrid

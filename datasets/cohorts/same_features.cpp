#include "datasets/cohorts/same_features.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kGroupExamples = 3;

// Without those that cannot be looked at.
std::size_t files_on_disk(const std::vector<const FeatureFile*>& files) {
  std::set<std::pair<dev_t, ino_t>> different;
  std::size_t unknown = 0;
  for (const FeatureFile* file : files) {
    struct stat status {};
    if (::stat(file->path.c_str(), &status) != 0) {
      ++unknown;
    } else {
      different.emplace(status.st_dev, status.st_ino);
    }
  }
  return different.size() + unknown;
}

}  // namespace

std::vector<std::vector<std::size_t>> same_features(const std::vector<std::string>& hashes) {
  std::map<std::string, std::vector<std::size_t>> by_hash;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (!hashes[i].empty()) by_hash[hashes[i]].push_back(i);
  }
  std::vector<std::vector<std::size_t>> groups;
  for (auto& [hash, files] : by_hash) {
    if (files.size() > 1) groups.push_back(std::move(files));
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

void warn_of_same_features(Cohort& cohort) {
  std::vector<std::string> hashes;
  std::vector<std::pair<const FeatureFile*, const Patient*>> all;
  for (const Patient& patient : cohort.patients) {
    for (const FeatureFile& file : patient.slides) {
      hashes.push_back(file.hash);
      all.emplace_back(&file, &patient);
    }
  }
  std::size_t files = 0, groups = 0;
  std::vector<std::string> examples;
  for (const std::vector<std::size_t>& group : same_features(hashes)) {
    std::vector<const FeatureFile*> same;
    for (const std::size_t i : group) same.push_back(all[i].first);
    if (files_on_disk(same) < 2) continue;
    files += group.size();
    if (++groups > kGroupExamples) continue;
    const auto said = [&](std::size_t i) {
      return fmt::format("'{}' of '{}'", printable(all[i].first->path.filename().string()),
                         printable(all[i].second->name));
    };
    examples.push_back(fmt::format("{} and {}{}", said(group[0]), said(group[1]), group.size() > 2 ? " and more" : ""));
  }
  if (groups == 0) return;
  cohort.warnings.push_back(fmt::format(
      "{}: {} of {} files, in {}, have the same features as another file ({}{}): some are copies, and results are too "
      "good where one is trained on and another tested; keep one file of each slide",
      cohort.files.features.string(), files, all.size(), counted(static_cast<std::int64_t>(groups), "group"),
      fmt::join(examples, "; "), groups > kGroupExamples ? "; ..." : ""));
}

}  // namespace mtlgrid

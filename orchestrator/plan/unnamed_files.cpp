#include "orchestrator/plan/unnamed_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

fs::path real_folder(const CohortFiles& files) {
  std::error_code error;
  const fs::path real = fs::canonical(files.features, error);
  return error ? files.features : real;
}

bool is_within(const fs::path& folder, const fs::path& other) {
  return std::mismatch(other.begin(), other.end(), folder.begin(), folder.end()).first == other.end();
}

// Whether a cohort that was not read has its files among those of `folder`.
bool shared_with_unread(const Plan& plan, const fs::path& folder) {
  return std::any_of(plan.config.cohorts.begin(), plan.config.cohorts.end(), [&](const CohortFiles& files) {
    if (find_cohort(plan, files.name) != nullptr) return false;
    const fs::path other = real_folder(files);
    return is_within(folder, other) || is_within(other, folder);
  });
}

}  // namespace

std::vector<UnnamedFiles> unnamed_files(const Plan& plan) {
  std::set<std::string> taken;  // paths of files that are named, or said already
  for (const Cohort& cohort : plan.cohorts) {
    const fs::path folder = real_folder(cohort.files);
    for (const std::string& file : cohort.named_files) taken.insert((folder / file).string());
  }
  std::vector<UnnamedFiles> out;
  for (const Cohort& cohort : plan.cohorts) {
    const fs::path folder = real_folder(cohort.files);
    if (cohort.unnamed_files.empty() || shared_with_unread(plan, folder)) continue;
    UnnamedFiles own{cohort.files.name, {}, cohort.named_files.size() + cohort.unnamed_files.size()};
    for (const std::string& file : cohort.unnamed_files) {
      if (taken.insert((folder / file).string()).second) own.files.push_back(file);
    }
    if (!own.files.empty()) out.push_back(std::move(own));
  }
  return out;
}

}  // namespace mtlgrid

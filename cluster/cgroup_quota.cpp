#include "cluster/cgroup_quota.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::optional<double> number(const std::string& text) {
  std::istringstream in(text);
  double value = 0;
  return in >> value ? std::optional<double>(value) : std::nullopt;
}

// Whether `word` is one of a list separated by commas.
bool listed(const std::string& list, const std::string& word) {
  return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

// A hierarchy of control groups: where it is mounted, and which group of it that mount point is.
struct Mount {
  fs::path point, group;
  bool version_2;
};

// A line is: ID PARENT DEVICE GROUP POINT OPTIONS [...] - TYPE SOURCE SUPER_OPTIONS.
std::vector<Mount> cpu_mounts(const fs::path& root) {
  std::vector<Mount> mounts;
  std::ifstream in(root / "proc/self/mountinfo");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string skipped, group, point, type, source, options;
    words >> skipped >> skipped >> skipped >> group >> point;
    while (words >> skipped && skipped != "-") {
    }
    words >> type >> source >> options;
    const bool version_2 = type == "cgroup2";
    if (version_2 || (type == "cgroup" && listed(options, "cpu"))) mounts.push_back({point, group, version_2});
  }
  return mounts;
}

// This process's group in the hierarchy of version 2 or of version 1's controller cpu. A line is: ID:CONTROLLERS:GROUP.
std::optional<fs::path> own_group(const fs::path& root, bool version_2) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (version_2 ? controllers.empty() : listed(controllers, "cpu")) return line.substr(second + 1);
  }
  return std::nullopt;
}

std::optional<double> quota_of(const fs::path& folder, bool version_2) {
  std::optional<double> quota, period;
  if (version_2) {
    std::istringstream words(first_line(folder / "cpu.max"));  // "max 100000" or "250000 100000"
    std::string most, every;
    words >> most >> every;
    quota = number(most);
    period = number(every);
  } else {
    quota = number(first_line(folder / "cpu.cfs_quota_us"));  // -1: none
    period = number(first_line(folder / "cpu.cfs_period_us"));
  }
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

}  // namespace

std::optional<double> cgroup_quota(const fs::path& root) {
  std::optional<double> smallest;
  for (const Mount& mount : cpu_mounts(root)) {
    const auto group = own_group(root, mount.version_2);
    if (!group) continue;
    // In a container the group may be named as seen from outside, of which only the mount point itself is here.
    const fs::path below = group->lexically_relative(mount.group);
    const bool inside = !below.empty() && *below.begin() != "..";
    const fs::path top = root / mount.point.relative_path();
    fs::path folder = inside && below != "." ? top / below : top;
    for (;; folder = folder.parent_path()) {
      if (const auto quota = quota_of(folder, mount.version_2)) smallest = std::min(*quota, smallest.value_or(*quota));
      if (folder == top || folder == folder.parent_path()) break;
    }
  }
  return smallest;
}

}  // namespace mtlgrid

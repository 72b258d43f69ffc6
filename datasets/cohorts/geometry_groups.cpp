#include "datasets/cohorts/geometry_groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"

namespace mtlgrid {
namespace {

constexpr std::size_t kFileExamples = 3;

bool written_alike(const TileGeometry& a, const TileGeometry& b) {
  return geometry_text(a) == geometry_text(b) && a.tool == b.tool && a.version == b.version && a.unit == b.unit;
}

std::string files_text(const GeometryGroup& group) {
  return fmt::format("{} ({}{})", counted(static_cast<std::int64_t>(group.files), "file"),
                     fmt::join(group.examples, ", "), group.files > group.examples.size() ? ", ..." : "");
}

std::string said(const GeometryGroup& group) {
  return fmt::format("{} in {}", geometry_text(group.geometry), files_text(group));
}

}  // namespace

void add_to_groups(std::vector<GeometryGroup>& groups, const TileGeometry& geometry, const std::string& extractor,
                   const std::string& file) {
  auto group = std::find_if(groups.begin(), groups.end(), [&](const GeometryGroup& g) {
    return g.extractor == extractor && written_alike(g.geometry, geometry);
  });
  if (group == groups.end()) group = groups.insert(groups.end(), GeometryGroup{geometry, extractor, 0, {}});
  ++group->files;
  if (group->examples.size() < kFileExamples) group->examples.push_back(printable(file));
}

void by_frequency(std::vector<GeometryGroup>& groups) {
  std::stable_sort(groups.begin(), groups.end(),
                   [](const GeometryGroup& a, const GeometryGroup& b) { return a.files > b.files; });
}

std::string geometry_conflict(const std::vector<GeometryGroup>& groups, const std::vector<GeometryGroup>& others) {
  for (const GeometryGroup& other : others) {
    for (const GeometryGroup& group : groups) {
      const auto difference = geometry_difference(other.geometry, group.geometry);
      if (difference) return fmt::format("tiles of {} beside {}: {}", said(other), said(group), *difference);
    }
  }
  return "";
}

std::string unsaid_geometry(const std::vector<GeometryGroup>& groups) {
  std::size_t files = 0;
  GeometryGroup unsaid;
  for (const GeometryGroup& group : groups) {
    files += group.files;
    if (group.geometry.says_size()) continue;
    unsaid.files += group.files;
    for (const std::string& example : group.examples) {
      if (unsaid.examples.size() < kFileExamples) unsaid.examples.push_back(example);
    }
  }
  if (unsaid.files == 0) return "";
  const bool more = unsaid.files > unsaid.examples.size();
  return fmt::format("{} of {} not say how tiles were cut ({}{})", unsaid.files,
                     files == 1 ? "1 file does" : fmt::format("{} files do", files), fmt::join(unsaid.examples, ", "),
                     more ? ", ..." : "");
}

}  // namespace mtlgrid

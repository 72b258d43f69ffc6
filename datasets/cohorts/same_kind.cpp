#include "datasets/cohorts/same_kind.h"

#include <fmt/core.h>

#include "datasets/cohorts/cohort_level.h"

namespace mtlgrid {

std::optional<std::string> kind_difference(const FeatureKind& a, const FeatureKind& b) {
  const auto rows_alone = [](const FeatureKind& kind) {
    std::size_t files = 0;
    for (const GeometryGroup& group : kind.geometries) files += group.files;
    return kind.level == FeatureLevel::row && files > 1;
  };
  const auto tiles = [](const FeatureKind& kind) { return kind.level == FeatureLevel::tile; };
  if ((rows_alone(a) && tiles(b)) || (tiles(a) && rows_alone(b))) {
    return "one row in every file looks like embeddings: take the same kind for all, or a biomarker for each";
  }
  return level_difference(a.level, b.level);
}

void check_same_kind(const FeatureKind& first, const char* role, const FeatureKind& other, Problems& problems) {
  if (const auto difference = kind_difference(first, other)) {
    problems.add(fmt::format("{}: {}, those of {} '{}' are {}; {}", other.folder.string(), level_text(other.level),
                             role, first.cohort, level_text(first.level), *difference));
  }
  const std::string cut = geometry_conflict(first.geometries, other.geometries);
  if (!cut.empty()) {
    problems.add(
        fmt::format("{}: {} (the latter in {} '{}'); {}", other.folder.string(), cut, role, first.cohort, kCutAlike));
  }
}

}  // namespace mtlgrid

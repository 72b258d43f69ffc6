#include "datasets/cohorts/same_kind.h"

#include <fmt/core.h>

#include "datasets/cohorts/cohort_level.h"

namespace mtlgrid {

void check_same_kind(const FeatureKind& first, const char* role, const FeatureKind& other, Problems& problems) {
  if (const auto difference = level_difference(first.level, other.level)) {
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

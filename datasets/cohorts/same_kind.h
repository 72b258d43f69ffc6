// Whether two cohorts of a biomarker have features of the same kind, cut alike.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/errors.h"
#include "datasets/cohorts/geometry_groups.h"
#include "datasets/features/feature_info.h"

namespace mtlgrid {

// A cohort's features. What it refers to must outlive it.
struct FeatureKind {
  const std::string& cohort;
  const std::filesystem::path& folder;
  FeatureLevel level;
  const std::vector<GeometryGroup>& geometries;
};

// Adds a problem where a row of features is of something else in `other` than in `first` (cohort_level.h), and one
// where tiles were cut otherwise (tile_geometry.h). `role`: what `first` is to the biomarker, "training cohort".
void check_same_kind(const FeatureKind& first, const char* role, const FeatureKind& other, Problems& problems);

}  // namespace mtlgrid

// Whether two cohorts of a biomarker have features of the same kind, cut alike.
#pragma once

#include <filesystem>
#include <optional>
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

// Why the features of two cohorts cannot be one biomarker's by what a row is of: as level_difference()
// (cohort_level.h), and also where one cohort has several files and a single row in each, which no file says to be a
// tile's, and the other has tiles. nullopt if they can.
std::optional<std::string> kind_difference(const FeatureKind& a, const FeatureKind& b);

// Adds a problem where a row of features is of something else in `other` than in `first` (cohort_level.h), and one
// where tiles were cut otherwise (tile_geometry.h). `role`: what `first` is to the biomarker, "training cohort".
void check_same_kind(const FeatureKind& first, const char* role, const FeatureKind& other, Problems& problems);

}  // namespace mtlgrid

// What a store keeps with a grid of how its cohorts' features were made, beside their extractor. No part of a grid's
// identity: features that are the same numbers give the same results, whatever their files say.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "datasets/cohorts/cohort.h"

namespace mtlgrid {

// Adds to `settings`, those of one cohort: "level", where the features are not of tiles (level_name()), and "geometry",
// a list with an object for each GeometryGroup, of what it says: um, px, mpp, magnification, level, downsample,
// nominal, unit, tool, version, unread, extractor, files, examples.
void record_features(const Cohort& cohort, nlohmann::json& settings);

struct RecordedFeatures {
  FeatureLevel level = FeatureLevel::tile;
  std::vector<GeometryGroup> geometries;  // empty in stores of earlier versions, which recorded none
};
// Throws nlohmann::json::exception and std::invalid_argument for what record_features() does not write.
RecordedFeatures recorded_features(const nlohmann::json& settings);

}  // namespace mtlgrid

// What the rows of a cohort's features are of: tiles, or whole slides and patients.
#pragma once

#include <optional>
#include <string>

#include "datasets/features/feature_info.h"

namespace mtlgrid {

// "features of tiles", "embeddings of slides", "one row of features a file, and no file says of what".
std::string level_text(FeatureLevel level);
// The name that a store keeps: "tile", "slide", "patient", "embedding", "row".
std::string level_name(FeatureLevel level);
FeatureLevel level_of_name(const std::string& name);  // std::invalid_argument for another name

// Why two levels cannot stand side by side, with what to do; nullopt where they may be one: a single row may be either,
// and an embedding that does not say of what may be of a slide or of a patient.
std::optional<std::string> level_difference(FeatureLevel a, FeatureLevel b);

// What two levels that may be one are together: the one that says more.
FeatureLevel common_level(FeatureLevel a, FeatureLevel b);

}  // namespace mtlgrid

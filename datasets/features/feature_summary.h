// What a cohort's feature files say of themselves, in one sentence.
#pragma once

#include <string>
#include <vector>

#include "datasets/features/features.h"

namespace mtlgrid {

// "46 feature files: extractor ctranspath (all say so), 768 features a tile, float16". Files that say nothing of their
// extractor, and those of a wider type, which are rounded to float16, are counted. "" without files.
std::string feature_summary(const std::vector<FeatureInfo>& files);

}  // namespace mtlgrid

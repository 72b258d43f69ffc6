// bags_config.json, which Slideflow (2.x, 3.0) writes beside its bags: how the tiles of the folder's .pt files were
// cut, and by which extractor they were read.
#pragma once

#include <filesystem>

#include "datasets/features/feature_info.h"

namespace mtlgrid {

// Adds what bags_config.json in the folder of `file` says: tile_px, tile_um (microns, or a magnification as "20x"), and
// the extractor as the module of its class ("slideflow.model.extractors.ctranspath.CTransPathFeatures" is ctranspath).
// Does nothing where there is none. A file that is not a JSON object of at most 1 MB, and numbers that cannot be meant,
// are said in TileGeometry::unread.
void add_bags_config(const std::filesystem::path& file, FeatureInfo& info);

}  // namespace mtlgrid

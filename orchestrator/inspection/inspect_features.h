// Looking at feature files, alone and among those of their cohort.
#pragma once

#include <filesystem>
#include <vector>

#include "datasets/features/feature_reader.h"
#include "orchestrator/inspection/inspection.h"

namespace mtlgrid {

// Layout, extractor and geometry, and what the values look like. Wrong are values that are not finite, features that
// never change, tiles that repeat or hold one value, and another number of coordinates than of tiles. A file of
// coordinates alone is an inspection of kind "coordinates of tiles", with nothing wrong. Throws FileFault and
// SystemError as FeatureReader::read().
Inspection inspect_feature_file(const std::filesystem::path& file, FeatureReader& reader);

// The same over all feature files below a folder, of a slide that has both the .h5 alone, with the files that differ
// from the others: in extractor, width, type or geometry, in mean or spread of their values (by more than 6 robust
// standard deviations of the files), and those that cannot be read, one line a cause with up to three examples; and
// files that have the same features. Files without tiles, and of coordinates alone, are counted and compared with
// nothing. Throws InputError and SystemError as FeatureIndex.
Inspection inspect_feature_folder(const std::filesystem::path& folder, FeatureReader& reader);

}  // namespace mtlgrid

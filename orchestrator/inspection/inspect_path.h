// Looking at any path.
#pragma once

#include <filesystem>

#include "datasets/features/feature_reader.h"
#include "orchestrator/inspection/inspection.h"

namespace mtlgrid {

// What `path` is, by its content where that tells: a feature file or a folder of them, a table, a store, kept weights,
// a PyTorch state dict, a configuration, a slide; or the sheet that "FILE#SHEET" names (table_file.h). What cannot be
// read, or is none of these, is an inspection of kind "unreadable" or "unknown" whose `wrong` says why. Feature files
// are read whole by `reader`. Throws SystemError where the system refuses.
Inspection inspect_path(const std::filesystem::path& path, FeatureReader& reader);

}  // namespace mtlgrid

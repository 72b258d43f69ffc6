// A file or folder of splits, whichever tool wrote it.
#pragma once

#include <filesystem>

#include "orchestrator/plan/split_lists.h"

namespace mtlgrid {

// A file is JSON (split_json.h) if it begins with a brace or bracket, otherwise a table (split_tables.h). A folder has
// STAMP's splits.json, or CLAM's splits_0.csv, splits_1.csv, ..., which make one split each, in the order of their
// numbers. Throws InputError with the problems of all files, and where there are not `folds` splits.
SplitFile read_split_file(const std::filesystem::path& path, const CohortNames& cohort, int folds);

}  // namespace mtlgrid

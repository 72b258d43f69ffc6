// Making a proposal: looking at folders, tables and feature files.
#pragma once

#include <filesystem>
#include <vector>

#include "datasets/features/feature_reader.h"
#include "orchestrator/proposal/proposal.h"

namespace mtlgrid {

// Looks at tables, feature files and slides below `folders` (found_files.h) and proposes a configuration to be written
// to `out`, to which its paths are relative. Reads every table, and three feature files of each folder. Throws
// InputError if there is no table, no feature file, or no table of the patients of any feature file; SystemError as
// find_files().
Proposal propose(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& out,
                 FeatureReader& reader);

}  // namespace mtlgrid

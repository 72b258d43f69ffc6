// Feature files with the same content: two slides cannot have it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"

namespace mtlgrid {

// Files of the same features, as positions in `hashes` (hash_features()): groups of at least two, each ascending, in
// the order of their first files. Empty hashes are of nothing.
std::vector<std::vector<std::size_t>> same_features(const std::vector<std::string>& hashes);

// Adds a line to Cohort::warnings if files of the cohort have the same features: how many in how many groups, up to
// three examples with their patients, and what follows. Files that are one by links are the join's subject.
void warn_of_same_features(Cohort& cohort);

}  // namespace mtlgrid
